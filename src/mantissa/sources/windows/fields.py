"""Names for the insertion strings of well-known events.

Fluent Bit and PowerShell give an event's values in order, without names; the order is that of the
event's template in the provider's manifest, to which later versions only append. Sysmon inserts
fields in between, so there the number of values decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SUBJECT = "SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId"
_TARGET = "TargetUserSid TargetUserName TargetDomainName TargetLogonId"
_ACCOUNT = f"TargetUserName TargetDomainName TargetSid {_SUBJECT}"
_MEMBER = f"MemberName MemberSid {_ACCOUNT} PrivilegeList"
_GROUP = f"{_ACCOUNT} PrivilegeList SamAccountName SidHistory"
_PROFILE = (
    "PrivilegeList SamAccountName DisplayName UserPrincipalName HomeDirectory HomePath ScriptPath "
    "ProfilePath UserWorkstations PasswordLastSet AccountExpires PrimaryGroupId "
    "AllowedToDelegateTo OldUacValue NewUacValue UserAccountControl UserParameters SidHistory "
    "LogonHours"
)
_OBJECT = f"{_SUBJECT} ObjectServer ObjectType ObjectName HandleId"
_TICKET = "TargetUserName TargetDomainName"
_FLOW = "SourceAddress SourcePort DestAddress DestPort Protocol FilterRTID LayerName LayerRTID"

_SECURITY: dict[int, str] = {
    4624: (
        f"{_SUBJECT} {_TARGET} LogonType LogonProcessName AuthenticationPackageName "
        "WorkstationName LogonGuid TransmittedServices LmPackageName KeyLength ProcessId "
        "ProcessName IpAddress IpPort ImpersonationLevel RestrictedAdminMode "
        "TargetOutboundUserName TargetOutboundDomainName VirtualAccount TargetLinkedLogonId "
        "ElevatedToken"
    ),
    4625: (
        f"{_SUBJECT} TargetUserSid TargetUserName TargetDomainName Status FailureReason SubStatus "
        "LogonType LogonProcessName AuthenticationPackageName WorkstationName TransmittedServices "
        "LmPackageName KeyLength ProcessId ProcessName IpAddress IpPort"
    ),
    4634: f"{_TARGET} LogonType",
    4647: _TARGET,
    4648: (
        f"{_SUBJECT} LogonGuid TargetUserName TargetDomainName TargetLogonGuid TargetServerName "
        "TargetInfo ProcessId ProcessName IpAddress IpPort"
    ),
    4656: (
        f"{_OBJECT} TransactionId AccessList AccessReason AccessMask PrivilegeList "
        "RestrictedSidCount ProcessId ProcessName ResourceAttributes"
    ),
    4663: f"{_OBJECT} AccessList AccessMask ProcessId ProcessName ResourceAttributes",
    4672: f"{_SUBJECT} PrivilegeList",
    4673: f"{_SUBJECT} ObjectServer Service PrivilegeList ProcessId ProcessName",
    4688: (
        f"{_SUBJECT} NewProcessId NewProcessName TokenElevationType ProcessId CommandLine "
        f"{_TARGET} ParentProcessName MandatoryLabel"
    ),
    4689: f"{_SUBJECT} Status ProcessId ProcessName",
    4697: (
        f"{_SUBJECT} ServiceName ServiceFileName ServiceType ServiceStartType ServiceAccount "
        "ClientProcessStartKey ClientProcessId ParentProcessId RpcCallClientLocality FQDN"
    ),
    4698: (
        f"{_SUBJECT} TaskName TaskContent ClientProcessStartKey ClientProcessId ParentProcessId "
        "RpcCallClientLocality FQDN"
    ),
    4719: f"{_SUBJECT} CategoryId SubcategoryId SubcategoryGuid AuditPolicyChanges",
    4720: f"{_ACCOUNT} {_PROFILE}",
    4722: _ACCOUNT,
    4723: f"{_ACCOUNT} PrivilegeList",
    4724: _ACCOUNT,
    4725: _ACCOUNT,
    4726: f"{_ACCOUNT} PrivilegeList",
    4728: _MEMBER,
    4729: _MEMBER,
    4731: _GROUP,
    4732: _MEMBER,
    4733: _MEMBER,
    4735: _GROUP,
    4738: f"Dummy {_ACCOUNT} {_PROFILE}",
    4740: _ACCOUNT,
    4756: _MEMBER,
    4757: _MEMBER,
    4767: _ACCOUNT,
    4768: (
        f"{_TICKET} TargetSid ServiceName ServiceSid TicketOptions Status TicketEncryptionType "
        "PreAuthType IpAddress IpPort CertIssuerName CertSerialNumber CertThumbprint"
    ),
    4769: (
        f"{_TICKET} ServiceName ServiceSid TicketOptions TicketEncryptionType IpAddress IpPort "
        "Status LogonGuid TransmittedServices"
    ),
    4771: (
        "TargetUserName TargetSid ServiceName TicketOptions Status PreAuthType IpAddress IpPort "
        "CertIssuerName CertSerialNumber CertThumbprint"
    ),
    4776: "PackageName TargetUserName Workstation Status",
    4799: f"{_ACCOUNT} CallerProcessId CallerProcessName",
    5140: f"{_SUBJECT} ObjectType IpAddress IpPort ShareName ShareLocalPath AccessMask AccessList",
    5145: (
        f"{_SUBJECT} ObjectType IpAddress IpPort ShareName ShareLocalPath RelativeTargetName "
        "AccessMask AccessList AccessReason"
    ),
    5156: f"ProcessID Application Direction {_FLOW} RemoteUserID RemoteMachineID",
    5157: f"ProcessID Application Direction {_FLOW} RemoteUserID RemoteMachineID",
}

_PROCESS = "RuleName UtcTime ProcessGuid ProcessId"
_LOGON = "CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes"
_PARENT = "ParentProcessGuid ParentProcessId ParentImage ParentCommandLine"
_VERSION_INFO = "FileVersion Description Product Company"
_SIGNED = "Hashes Signed Signature SignatureStatus"
_ACCESS = (
    "RuleName UtcTime SourceProcessGUID SourceProcessId SourceThreadId SourceImage "
    "TargetProcessGUID TargetProcessId TargetImage GrantedAccess CallTrace"
)
_REMOTE_THREAD = (
    "RuleName UtcTime SourceProcessGuid SourceProcessId SourceImage TargetProcessGuid "
    "TargetProcessId TargetImage NewThreadId StartAddress StartModule StartFunction"
)
_CONNECTION = (
    f"{_PROCESS} Image User Protocol Initiated SourceIsIpv6 SourceIp SourceHostname SourcePort "
    "SourcePortName DestinationIsIpv6 DestinationIp DestinationHostname DestinationPort "
    "DestinationPortName"
)
_REGISTRY = "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject"
_PIPE = "RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image"

_SYSMON: dict[int, tuple[str, ...]] = {
    1: (
        f"{_PROCESS} Image {_VERSION_INFO} OriginalFileName CommandLine {_LOGON} {_PARENT} "
        "ParentUser",
        f"{_PROCESS} Image {_VERSION_INFO} OriginalFileName CommandLine {_LOGON} {_PARENT}",
        f"{_PROCESS} Image {_VERSION_INFO} CommandLine {_LOGON} {_PARENT}",
    ),
    2: (f"{_PROCESS} Image TargetFilename CreationUtcTime PreviousCreationUtcTime",),
    3: (_CONNECTION,),
    5: (f"{_PROCESS} Image User", f"{_PROCESS} Image"),
    6: (f"RuleName UtcTime ImageLoaded {_SIGNED}",),
    7: (
        f"{_PROCESS} Image ImageLoaded {_VERSION_INFO} OriginalFileName {_SIGNED} User",
        f"{_PROCESS} Image ImageLoaded {_VERSION_INFO} OriginalFileName {_SIGNED}",
        f"{_PROCESS} Image ImageLoaded {_VERSION_INFO} {_SIGNED}",
    ),
    8: (f"{_REMOTE_THREAD} SourceUser TargetUser", _REMOTE_THREAD),
    10: (f"{_ACCESS} SourceUser TargetUser", _ACCESS),
    11: (
        f"{_PROCESS} Image TargetFilename CreationUtcTime User",
        f"{_PROCESS} Image TargetFilename CreationUtcTime",
    ),
    12: (f"{_REGISTRY} User", _REGISTRY),
    13: (f"{_REGISTRY} Details User", f"{_REGISTRY} Details"),
    17: (f"{_PIPE} User", _PIPE),
    18: (f"{_PIPE} User", _PIPE),
    22: (
        f"{_PROCESS} QueryName QueryStatus QueryResults Image User",
        f"{_PROCESS} QueryName QueryStatus QueryResults Image",
    ),
}

_OTHERS: dict[tuple[str, int], str] = {
    ("Microsoft-Windows-PowerShell", 4103): "ContextInfo UserData Payload",
    (
        "Microsoft-Windows-PowerShell",
        4104,
    ): "MessageNumber MessageTotal ScriptBlockText ScriptBlockId Path",
    ("Service Control Manager", 7045): "ServiceName ImagePath ServiceType StartType AccountName",
}


def names_of(system: Mapping[str, Any], count: int) -> list[str]:
    """Return the names of an event's insertion strings; empty when its order is not known.

    Args:
        system: the system fields, of which provider and number are read.
        count: how many values there are.
    """
    provider, number = system.get("Provider_Name"), system.get("EventID")
    try:
        event = int(str(number))
    except ValueError:
        return []
    if provider == "Microsoft-Windows-Sysmon":
        return next((n for t in _SYSMON.get(event, ()) if len(n := t.split()) == count), [])
    if provider == "Microsoft-Windows-Security-Auditing":
        template = _SECURITY.get(event, "")
    else:
        template = _OTHERS.get((str(provider), event), "")
    names = template.split()
    return names[:count] if 0 < count <= len(names) else []
