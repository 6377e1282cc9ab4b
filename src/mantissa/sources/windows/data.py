"""Make event data uniform: one text per field, unnamed data under the names that Sigma rules use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mantissa.sources.windows.parts import add, text
from mantissa.sources.windows.values import guid

_PARAM = re.compile(r"param([1-9]\d?)")
_HASH = re.compile(r"(MD5|SHA1|SHA256|IMPHASH)=([0-9A-Fa-f]{32,64})", re.IGNORECASE)
_MESSAGE_LINE = re.compile(r"^([A-Z][A-Za-z0-9]{1,40}): ?(.*?)\r?$", re.MULTILINE)
_DETAILS = re.compile(r"(?:Details|Context Information): ?\r?\n")
_STATE = re.compile(r"from (\w+) to (\w+)\.")
_PROVIDER = re.compile(r'Provider "(.+?)" is (\w+)\.')

POWERSHELL_CLASSIC = "Windows PowerShell"
_POWERSHELL_LINE = re.compile(
    r"^[ \t]*((?:New|Previous)EngineState|ProviderName|NewProviderState|NewCommandState"
    r"|SequenceNumber|Host(?:Name|Version|Id|Application)|EngineVersion|RunspaceId|PipelineId"
    r"|Command(?:Name|Type|Path|Line)|ScriptName|Detail(?:Sequence|Total)|UserId)=",
    re.MULTILINE,
)
"""A key of the classic PowerShell log; only known ones, for a command line may hold `x=` too."""

SYSMON = "Microsoft-Windows-Sysmon"
SECURITY = "Microsoft-Windows-Security-Auditing"
_INTEGRITY = {
    "S-1-16-0": "Untrusted",
    "S-1-16-4096": "Low",
    "S-1-16-8192": "Medium",
    "S-1-16-8448": "Medium Plus",
    "S-1-16-12288": "High",
    "S-1-16-16384": "System",
}
"""Mandatory labels (Microsoft, well-known SIDs) in Sysmon's words."""


def uniform(data: dict[str, Any], system: dict[str, Any], message: str) -> dict[str, str]:
    """Return the event's fields as text.

    Unnamed data becomes `param1`, `param2`, … and, joined by line feeds, `Data`: rules use both
    names, and collectors give one or the other. The `key=value` lines that the classic PowerShell
    log keeps in its last text become fields of their own. Defender's `New Value` is also given as
    `NewValue` and `New_Value`, as rules cannot name a field with a blank.

    Args:
        data: fields as received; `Data` may be a list.
        system: the system fields, uniform.
        message: the rendered message, used where a collector sends nothing else.
    """
    _recover(data, system, message)
    _pair_unnamed(data)
    fields = {k: guid(v) if _is_guid(k) else text(v) for k, v in data.items() if v is not None}
    _add_unspaced(fields)
    if system.get("Channel") == POWERSHELL_CLASSIC and "Data" in fields:
        for name, value in powershell_pairs(fields["Data"]).items():
            fields.setdefault(name, value)
    return fields


def hashes(fields: dict[str, str]) -> dict[str, str]:
    """Return `md5`, `sha1`, `sha256` and `imphash`, lower-case, from Sysmon's list of hashes."""
    listed = fields.get("Hashes") or fields.get("Hash") or ""
    return {kind.lower(): value.lower() for kind, value in _HASH.findall(listed)}


def created_process(system: Mapping[str, Any], data: Mapping[str, str]) -> dict[str, str | None]:
    """Return in Sysmon's words what Security 4688 says of a new process; empty for other events.

    The new process runs as the target account where 4688 names one, otherwise as its creator.
    """
    if system.get("EventID") != 4688 or system.get("Provider_Name") != SECURITY:
        return {}
    side = "Target" if data.get("TargetUserName", "-") not in ("", "-") else "Subject"
    user, domain = data.get(f"{side}UserName"), data.get(f"{side}DomainName")
    return {
        "Process_User": f"{domain}\\{user}" if domain and user else user,
        "Process_LogonId": data.get(f"{side}LogonId"),
        "Process_IntegrityLevel": _INTEGRITY.get(data.get("MandatoryLabel", "")),
    }


def powershell_pairs(details: str) -> dict[str, str]:
    """Return the `key=value` lines of classic PowerShell events; a value ends at the next key."""
    found = list(_POWERSHELL_LINE.finditer(details))
    ends = [*(m.start() for m in found[1:]), len(details)][: len(found)]
    pairs: dict[str, Any] = {}
    for match, end in zip(found, ends, strict=True):
        pairs.setdefault(match[1], details[match.end() : end].strip("\r\n \t"))
    return pairs


def _is_guid(name: str) -> bool:
    return name[-4:].lower() == "guid"


def _add_unspaced(fields: dict[str, str]) -> None:
    for name in [n for n in fields if " " in n]:
        fields.setdefault(name.replace(" ", ""), fields[name])
        fields.setdefault(name.replace(" ", "_"), fields[name])


def _pair_unnamed(data: dict[str, Any]) -> None:
    """Give unnamed data both its spellings, `Data` and `param1` to `paramN`."""
    held = data.get("Data")
    if isinstance(held, list):
        data["Data"] = "\n".join(text(v) for v in held if v is not None)
        for number, value in enumerate(held, start=1):
            data.setdefault(f"param{number}", value)
    elif held is not None:
        data.setdefault("param1", held)
    else:
        numbers = sorted(int(m[1]) for m in map(_PARAM.fullmatch, data) if m)
        if numbers:
            data["Data"] = "\n".join(text(data[f"param{n}"]) for n in numbers)


def _recover(data: dict[str, Any], system: dict[str, Any], message: str) -> None:
    """Read from the message what a collector left out or overwrote."""
    if not message:
        return
    if system.get("Provider_Name") == SYSMON:
        _recover_sysmon(data, message)
    elif system.get("Channel") == POWERSHELL_CLASSIC and not data:
        data["Data"] = _classic_data(message)


def _recover_sysmon(data: dict[str, Any], message: str) -> None:
    """Read Sysmon's `Name: value` lines when there is no data, or when NXLog took `EventType`."""
    if data and "EventType" in data:
        return
    lines: dict[str, Any] = {}
    for name, value in _MESSAGE_LINE.findall(message):
        add(lines, name, value)
    if not data:
        data.update(lines)
    elif "EventType" in lines:
        data["EventType"] = lines["EventType"]


def _classic_data(message: str) -> list[str]:
    """Return the insertion strings of a classic PowerShell event from its English message."""
    heading, *rest = _DETAILS.split(message)
    details = [part.strip("\r\n ") for part in rest]
    state, provider = _STATE.search(heading), _PROVIDER.search(heading)
    if state:
        return [state[2], state[1], *details]
    if provider:
        return [provider[1], provider[2], *details]
    return [heading.partition(": ")[2].strip() or heading.strip(), *details]
