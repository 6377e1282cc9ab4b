"""One Windows event as every collector would write it; invented, in our own words."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr


@dataclass(frozen=True)
class Event:
    """An event; values of `data` are texts, as Windows writes them in XML."""

    channel: str
    event_id: int
    provider: str
    guid: str
    data: dict[str, str]
    time: str = "2026-03-04T09:17:31.482913Z"
    computer: str = "FIN-WS-114.corp.example.com"
    record_id: int = 48211
    level: int = 4
    task: int = 1
    opcode: int = 0
    keywords: int = 0x8000000000000000
    version: int = 5
    process_id: int = 3120
    thread_id: int = 4480
    user_id: str = "S-1-5-18"
    names: dict[str, str] = field(default_factory=dict)


SYSMON_1 = Event(
    channel="Microsoft-Windows-Sysmon/Operational",
    event_id=1,
    provider="Microsoft-Windows-Sysmon",
    guid="5770385f-c22a-43e0-bf4c-06f5698ffbd9",
    data={
        "RuleName": "-",
        "UtcTime": "2026-03-04 09:17:31.455",
        "ProcessGuid": "{6c1f2a3b-8a4b-69a7-5d05-000000001a00}",
        "ProcessId": "7312",
        "Image": "C:\\Windows\\System32\\whoami.exe",
        "CommandLine": 'whoami.exe  /all & echo "<ok>"',
        "User": "CORP\\jana.k",
        "IntegrityLevel": "High",
        "Hashes": "MD5=0123456789ABCDEF0123456789ABCDEF,IMPHASH=FEDCBA9876543210FEDCBA9876543210",
        "ParentImage": "C:\\Windows\\System32\\cmd.exe",
    },
)
LOGON = Event(
    channel="Security",
    event_id=4624,
    provider="Microsoft-Windows-Security-Auditing",
    guid="54849625-5478-4994-a5ba-3e3b0328c30d",
    data={
        "SubjectUserSid": "S-1-0-0",
        "SubjectUserName": "-",
        "TargetUserSid": "S-1-5-21-11-22-33-1106",
        "TargetUserName": "jana.k",
        "TargetDomainName": "CORP",
        "LogonType": "3",
        "LogonGuid": "{00000000-0000-0000-0000-000000000000}",
        "IpAddress": "::ffff:10.20.30.40",
        "IpPort": "50112",
    },
    level=0,
    task=12544,
    keywords=0x8020000000000000,
    version=2,
    process_id=712,
    user_id="",
)


def xml(event: Event) -> bytes:
    """As Windows renders it."""
    values = "".join(f"<Data Name={quoteattr(k)}>{escape(v)}</Data>" for k, v in event.data.items())
    security = f" UserID='{event.user_id}'" if event.user_id else ""
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        f"<Provider Name='{event.provider}' Guid='{{{event.guid}}}'/>"
        f"<EventID>{event.event_id}</EventID><Version>{event.version}</Version>"
        f"<Level>{event.level}</Level><Task>{event.task}</Task><Opcode>{event.opcode}</Opcode>"
        f"<Keywords>{event.keywords:#x}</Keywords><TimeCreated SystemTime='{event.time}'/>"
        f"<EventRecordID>{event.record_id}</EventRecordID><Correlation/>"
        f"<Execution ProcessID='{event.process_id}' ThreadID='{event.thread_id}'/>"
        f"<Channel>{event.channel}</Channel><Computer>{event.computer}</Computer>"
        f"<Security{security}/></System><EventData>{values}</EventData></Event>"
    ).encode()


def _system(event: Event, attributes: Any) -> dict[str, Any]:
    return {
        "Provider": attributes(Name=event.provider, Guid=event.guid.upper()),
        "EventID": event.event_id,
        "Version": event.version,
        "Level": event.level,
        "Task": event.task,
        "Opcode": event.opcode,
        "Keywords": hex(event.keywords),
        "TimeCreated": attributes(SystemTime=event.time),
        "EventRecordID": event.record_id,
        "Correlation": None,
        "Execution": attributes(ProcessID=event.process_id, ThreadID=event.thread_id),
        "Channel": event.channel,
        "Computer": event.computer,
        "Security": attributes(UserID=event.user_id) if event.user_id else None,
    }


def _typed(event: Event) -> dict[str, Any]:
    """Numbers as numbers and GUIDs bare and upper-case, as the evtx parser gives them."""
    return {
        k: int(v) if v.isdigit() else v.strip("{}").upper() if k.endswith("Guid") else v
        for k, v in event.data.items()
    }


def evtx(event: Event) -> bytes:
    """As the evtx parser gives it."""
    system = _system(event, lambda **a: {"#attributes": a})
    return json.dumps({"Event": {"System": system, "EventData": _typed(event)}}).encode()


def evtx_data_list(event: Event) -> bytes:
    """As generic converters from XML give it."""
    system = _system(event, lambda **a: {f"@{k}": v for k, v in a.items()})
    system["EventID"] = {"@Qualifiers": "", "#text": str(event.event_id)}
    data = [{"@Name": k, "#text": v} for k, v in event.data.items()]
    body = {"@xmlns": "urn:x", "System": system, "EventData": {"Data": data}}
    return json.dumps({"Event": body}).encode()


def evtx_separate(event: Event) -> bytes:
    """As `evtx_dump --separate-json-attributes` gives it."""
    system = _system(event, lambda **a: {"#attributes": a})
    for name in [n for n, v in system.items() if isinstance(v, dict)]:
        system[f"{name}_attributes"] = system.pop(name)["#attributes"]
    return json.dumps({"Event": {"System": system, "EventData": _typed(event)}}).encode()


def winlogbeat(event: Event) -> bytes:
    """As winlogbeat gives it: names for numbers."""
    names = {0: "information", 2: "error", 4: "information"}
    winlog: dict[str, Any] = {
        "channel": event.channel,
        "event_id": str(event.event_id),
        "provider_name": event.provider,
        "provider_guid": f"{{{event.guid}}}",
        "computer_name": event.computer,
        "record_id": event.record_id,
        "version": event.version,
        "opcode": "Info",
        "process": {"pid": event.process_id, "thread": {"id": event.thread_id}},
        "event_data": event.data,
        "api": "wineventlog",
    }
    if event.keywords == 0x8020000000000000:
        winlog["keywords"] = ["Audit Success"]
    if event.user_id:
        winlog["user"] = {"identifier": event.user_id}
    record = {
        "@timestamp": event.time,
        "winlog": winlog,
        "log": {"level": names[event.level]},
        "host": {"name": event.computer},
        "event": {"code": str(event.event_id), "provider": event.provider},
    }
    return json.dumps(record).encode()


def agent(event: Event) -> bytes:
    """As an agent sends it that only keeps the XML."""
    return json.dumps({"winlog": {}, "event": {"original": xml(event).decode()}}).encode()


def nxlog(event: Event) -> bytes:
    """As NXLog gives it: signed keywords, its own fields in between, times with a zone."""
    signed = event.keywords - (1 << 64)
    audit = event.channel == "Security"
    record = {
        **event.data,
        "EventTime": event.time,
        "EventReceivedTime": "2026-03-04T10:17:33+01:00",
        "Hostname": event.computer,
        "Keywords": signed,
        "EventType": "AUDIT_SUCCESS" if audit else "INFO",
        "SeverityValue": 2,
        "Severity": "INFO",
        "EventID": event.event_id,
        "SourceName": event.provider,
        "ProviderGuid": f"{{{event.guid.upper()}}}",
        "Version": event.version,
        "Task": event.task,
        "OpcodeValue": event.opcode,
        "Opcode": "Info",
        "RecordNumber": event.record_id,
        "ExecutionProcessID": event.process_id,
        "ThreadID": event.thread_id,
        "Channel": event.channel,
        "SourceModuleName": "eventlog",
        "SourceModuleType": "im_msvistalog",
    }
    if event.user_id:
        account = {"Domain": "NT AUTHORITY", "AccountName": "SYSTEM", "AccountType": "User"}
        record |= {"UserID": event.user_id, **account}
    return json.dumps(record).encode()


def flat(event: Event) -> bytes:
    """As evtx tools export a row."""
    record = {
        "Provider_Name": event.provider,
        "Provider_Guid": event.guid.upper(),
        "EventID": event.event_id,
        "Version": event.version,
        "Level": event.level,
        "Task": event.task,
        "Opcode": event.opcode,
        "Keywords": hex(event.keywords),
        "TimeCreated_SystemTime": event.time,
        "EventRecordID": event.record_id,
        "Execution_ProcessID": event.process_id,
        "Execution_ThreadID": event.thread_id,
        "Channel": event.channel,
        "Computer": event.computer,
        **_typed(event),
    }
    if event.user_id:
        record["Security_UserID"] = event.user_id
    return json.dumps(record).encode()


def evtxecmd(event: Event) -> bytes:
    """As EvtxECmd gives it: the event's data as JSON text in `Payload`."""
    data = [{"@Name": k, "#text": v} for k, v in event.data.items()]
    record = {
        "PayloadData1": "anything",
        "MapDescription": "what the map says",
        "ChunkNumber": 3,
        "Computer": event.computer,
        "Payload": json.dumps({"EventData": {"Data": data}}, separators=(",", ":")),
        "Channel": event.channel,
        "Provider": event.provider,
        "EventId": event.event_id,
        "EventRecordId": str(event.record_id),
        "ProcessId": event.process_id,
        "ThreadId": event.thread_id,
        "Level": "LogAlways" if event.level == 0 else "Info",
        "Keywords": "Audit success" if event.channel == "Security" else hex(event.keywords),
        "TimeCreated": event.time.replace("Z", "0+00:00"),
    }
    if event.user_id:
        record["UserId"] = event.user_id
    return json.dumps(record).encode()


SHAPES = {
    f.__name__: f
    for f in (
        *(xml, evtx, evtx_data_list, evtx_separate),
        *(winlogbeat, agent, nxlog, flat, evtxecmd),
    )
}
