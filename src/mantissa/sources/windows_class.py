"""Say of a Windows event what it is about: class, outcome, who, from where and on what.

Event numbers are those of Microsoft's security auditing reference and the Sysmon documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any

from mantissa.sources.windows_data import SYSMON, hashes

SECURITY = "Microsoft-Windows-Security-Auditing"
_FAILURE, _SUCCESS = 0x0010000000000000, 0x0020000000000000
_SEVERITIES = {0: "informational", 1: "critical", 2: "high", 3: "medium"}
_SEVERITIES |= {4: "informational", 5: "informational"}
_EMPTY = {"", "-", "S-1-0-0"}

_SYSMON_CLASSES = {
    "process_activity": (1, 5, 7, 8, 10, 25),
    "network_activity": (3, 22),
    "file_activity": (2, 11, 15, 23, 26, 27, 28, 29),
    "registry_activity": (12, 13, 14),
}
_SECURITY_CLASSES: dict[str, Iterable[int]] = {
    "authentication": (
        *(4624, 4625, 4626, 4634, 4646, 4647, 4648, 4649, 4672, 4675, 4964, 5378, 5632, 5633),
        *range(4768, 4780),
        *range(4800, 4804),
        *range(4820, 4825),
    ),
    "process_activity": (4688, 4689, 4696),
    "network_activity": (5031, *range(5150, 5160)),
    "registry_activity": (4657,),
    "file_activity": (4664, 5140, 5142, 5143, 5144, 5145, 5168),
    "account_change": (
        *(4704, 4705, 4717, 4718, *range(4720, 4768), *range(4780, 4795)),
        *(4797, 4798, 4799),
    ),
}
_OBJECT_ACCESS = {4656, 4658, 4659, 4660, 4661, 4663, 4670, 4690}
_OBJECT_CLASSES = {"File": "file_activity", "Key": "registry_activity"}
_DEFENDER = {1006, 1007, 1015, 1116, 1117, 1118, 1119, 1121, 1122, 1123, 1124}
_LOCAL_SESSIONS = "Microsoft-Windows-TerminalServices-LocalSessionManager"


def _invert(classes: Mapping[str, Iterable[int]]) -> dict[int, str]:
    return {number: name for name, numbers in classes.items() for number in numbers}


_CLASS_OF = {SYSMON: _invert(_SYSMON_CLASSES), SECURITY: _invert(_SECURITY_CLASSES)}
_CLASS_OF["Microsoft-Windows-Windows Defender"] = _invert({"detection_finding": _DEFENDER})
_CLASS_OF[_LOCAL_SESSIONS] = _invert({"authentication": range(21, 26)})

_SIGNS_IN = {4624, 4625, 4626, 4634, 4646, 4647, 4768, 4769, 4770, 4771, 4772, 4773, 4774, 4776}
_SIGNS_IN |= {4777, 4778, 4779, 4800, 4801, 4802, 4803, 4820, 4821, 4822, 4823, 4824}
_TARGET = (("TargetUserName", ("TargetUserSid", "TargetSid")), ("AccountName", ()))
_SUBJECT = (("SubjectUserName", ("SubjectUserSid",)),)
_SELF = (("User", ()), ("SourceUser", ()), ("UserName", ("UserSid",)))
_RESOURCES = {
    "process_activity": ("Image", "NewProcessName", "TargetImage", "ProcessName"),
    "network_activity": ("QueryName", "DestinationHostname", "Application"),
    "file_activity": ("TargetFilename", "RelativeTargetName", "ObjectName", "ShareName"),
    "registry_activity": ("TargetObject", "ObjectName"),
    "account_change": ("TargetUserName", "TargetSid", "MemberName"),
    "authentication": ("ServiceName", "TargetServerName", "WorkstationName", "Workstation"),
}
_ANY_RESOURCE = (
    *("ObjectName", "ServiceName", "TaskName", "PipeName", "ImageLoaded", "TargetImage"),
    *("Path", "Destination", "FileName", "Name"),
)
_SOURCES = (
    *(("SourceIp", "SourcePort"), ("SourceAddress", "SourcePort"), ("IpAddress", "IpPort")),
    *(("ClientAddress", "ClientPort"), ("Address", ""), ("ClientIP", "")),
)
_DESTINATIONS = (("DestinationIp", "DestinationPort"), ("DestAddress", "DestPort"))
_INTEGRITY = {"S-1-16-0": "Untrusted", "S-1-16-4096": "Low", "S-1-16-8192": "Medium"}
_INTEGRITY |= {"S-1-16-8448": "Medium Plus", "S-1-16-12288": "High", "S-1-16-16384": "System"}


def derive(fields: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the common columns and Sigma's process fields need beyond the event's own.

    Args:
        fields: system fields and `EventData`, both uniform.
        other: what the collector added; of it only winlogbeat's `Outcome` is read.
    """
    data: dict[str, str] = fields["EventData"]
    provider, number = fields.get("Provider_Name"), fields["EventID"]
    event_class = _event_class(provider, number, data)
    derived = {
        "event_class": event_class,
        "activity": fields.get("Category") or None,
        "outcome": _outcome(fields.get("Keywords"), other.get("Outcome")),
        "severity": _SEVERITIES.get(fields.get("Level", -1)),
        "resource": _resource(event_class, data),
        **_actor(fields, data),
        **_endpoint("src", _SOURCES, data),
        **_endpoint("dst", _DESTINATIONS, data),
        **hashes(data),
    }
    if provider == SECURITY and number == 4688:
        derived |= _created_process(data)
    return {k: v for k, v in derived.items() if v is not None}


def _known(value: str | None) -> str | None:
    return None if value is None or value in _EMPTY else value


def _event_class(provider: str | None, number: int, data: Mapping[str, str]) -> str:
    found = _CLASS_OF.get(provider or "", {}).get(number)
    if found is None and provider == SECURITY and number in _OBJECT_ACCESS:
        found = _OBJECT_CLASSES.get(data.get("ObjectType", ""))
    return found or "other"


def _outcome(keywords: str | None, told: str | None) -> str:
    """Read the audit bits of the keyword mask, else what the collector made of them."""
    mask = int(keywords, 16) if keywords and keywords.startswith("0x") else 0
    if mask & _FAILURE:
        return "failure"
    if mask & _SUCCESS:
        return "success"
    named = (keywords or "").lower()
    if named in ("audit success", "audit failure"):
        return named.removeprefix("audit ")
    return told if told in ("success", "failure") else "unknown"


def _resource(event_class: str, data: Mapping[str, str]) -> str | None:
    names = _RESOURCES.get(event_class, ()) + _ANY_RESOURCE
    return next((v for n in names if (v := _known(data.get(n)))), None)


def _actor(fields: Mapping[str, Any], data: Mapping[str, str]) -> dict[str, str | None]:
    """Return who did it: for a sign-in the account that signs in, otherwise the subject."""
    signs_in = fields.get("Provider_Name") == SECURITY and fields["EventID"] in _SIGNS_IN
    order = (*_TARGET, *_SUBJECT) if signs_in else (*_SUBJECT, *_SELF, *_TARGET)
    for name, identifiers in order:
        user = _known(data.get(name))
        if user:
            found = (v for i in identifiers if (v := _known(data.get(i))))
            return {"actor_user": user.rpartition("\\")[2], "actor_id": next(found, None)}
    if fields.get("Provider_Name") in (SYSMON, SECURITY):
        return {}
    return {"actor_id": _known(fields.get("Security_UserID"))}


def _endpoint(
    side: str, names: Iterable[tuple[str, str]], data: Mapping[str, str]
) -> dict[str, Any]:
    for name, port in names:
        address = _address(data.get(name))
        if address:
            given = data.get(port, "")
            number = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else None
            return {f"{side}_ip": address, f"{side}_port": number}
    return {}


def _address(value: str | None) -> str | None:
    """Return the IP address without the IPv6 prefix of mapped IPv4 and without a zone."""
    if not _known(value):
        return None
    try:
        address = ip_address(str(value).strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _created_process(data: Mapping[str, str]) -> dict[str, str | None]:
    """Return Sysmon's words for what Security 4688 says, for rules on process creation.

    The new process runs as the target account where 4688 names one, otherwise as its creator.
    """
    side = "Target" if _known(data.get("TargetUserName")) else "Subject"
    user, domain = data.get(f"{side}UserName"), _known(data.get(f"{side}DomainName"))
    return {
        "User": f"{domain}\\{user}" if domain else _known(user),
        "IntegrityLevel": _INTEGRITY.get(data.get("MandatoryLabel", "")),
        "LogonId": data.get(f"{side}LogonId"),
    }
