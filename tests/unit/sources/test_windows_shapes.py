"""The same Windows event is the same fields, whoever collected it."""

from __future__ import annotations

import json

import pytest

from mantissa.model import Reason
from mantissa.sources.record import RecordError
from mantissa.sources.windows.normalise import normalise
from support import windows_events as shapes

NOT_IN = {
    "winlogbeat": {"Task", "Keywords"},
    "evtxecmd": {"Task", "Opcode", "Version", "Provider_Guid"},
}
"""System fields that a collector does not send."""


def fields(raw: bytes) -> dict[str, object]:
    found = normalise(raw)
    return {k: v for k, v in found.items() if k != "Collector"}


@pytest.mark.parametrize("event", [shapes.SYSMON_1, shapes.LOGON], ids=["sysmon", "logon"])
@pytest.mark.parametrize("shape", list(shapes.SHAPES))
def test_every_shape_gives_the_same_fields(shape: str, event: shapes.Event) -> None:
    expected = fields(shapes.xml(event))
    absent = NOT_IN.get(shape, set())

    found = fields(shapes.SHAPES[shape](event))

    assert found == {k: v for k, v in expected.items() if k in found or k not in absent}


def test_audit_names_stand_for_the_mask() -> None:
    assert normalise(shapes.winlogbeat(shapes.LOGON))["Keywords"] == "0x8020000000000000"


def test_fields_of_the_reference_shape() -> None:
    found = fields(shapes.xml(shapes.SYSMON_1))

    assert found["EventData"] == shapes.SYSMON_1.data
    assert {k: v for k, v in found.items() if k != "EventData"} == {
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": 1,
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "Provider_Guid": "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}",
        "Computer": "FIN-WS-114.corp.example.com",
        "EventRecordID": 48211,
        "Level": 4,
        "Task": 1,
        "Opcode": 0,
        "Keywords": "0x8000000000000000",
        "Version": 5,
        "Execution_ProcessID": 3120,
        "Execution_ThreadID": 4480,
        "Security_UserID": "S-1-5-18",
        "TimeCreated": "2026-03-04T09:17:31.482913Z",
        "UtcTime": "2026-03-04T09:17:31.455000Z",
        "md5": "0123456789abcdef0123456789abcdef",
        "imphash": "fedcba9876543210fedcba9876543210",
    }


@pytest.mark.parametrize(
    "wrap",
    [
        lambda r: {"message": r},
        lambda r: {"event": {"original": r}},
        lambda r: {"event": json.loads(r)},
        lambda r: {"log": r, "date": 1.5},
        lambda r: {"document": {"kind": "evtx", "data": json.loads(r)}},
        lambda r: {"_source": json.loads(r)},
    ],
)
def test_wrapped_events_are_found(wrap) -> None:  # type: ignore[no-untyped-def]
    raw = shapes.evtx(shapes.LOGON)

    found = fields(json.dumps(wrap(raw.decode())).encode())

    assert found == fields(raw)


def test_what_lies_beside_a_wrapped_event_is_kept() -> None:
    raw = json.dumps({"message": shapes.xml(shapes.LOGON).decode(), "tags": ["dc"]}).encode()

    assert normalise(raw)["Collector"] == {"tags": ["dc"]}


def test_the_original_xml_overrules_what_winlogbeat_lost() -> None:
    record = json.loads(shapes.winlogbeat(shapes.SYSMON_1))
    del record["winlog"]["event_data"]["RuleName"]
    record["winlog"]["opcode"] = "Something of the provider's"
    record["event"]["original"] = shapes.xml(shapes.SYSMON_1).decode()

    found = fields(json.dumps(record).encode())

    assert found == fields(shapes.xml(shapes.SYSMON_1))


def test_of_several_originals_the_one_with_the_record_number_counts() -> None:
    mine = shapes.xml(shapes.LOGON).decode()
    others = mine.replace("48211", "7").replace("jana.k", "nobody")
    record = json.loads(shapes.winlogbeat(shapes.LOGON))
    record["event"]["original"] = f"{others}\n{mine}"

    found = normalise(json.dumps(record).encode())

    assert found["EventData"]["TargetUserName"] == "jana.k"


def test_a_damaged_original_does_not_lose_the_event() -> None:
    record = json.loads(shapes.winlogbeat(shapes.LOGON))
    record["event"]["original"] = "<Event><System>"

    assert normalise(json.dumps(record).encode())["EventData"] == shapes.LOGON.data


def test_user_data_is_flattened_whatever_its_root() -> None:
    body = {
        "System": json.loads(shapes.evtx(shapes.LOGON))["Event"]["System"] | {"EventID": 1102},
        "UserData": {
            "LogFileCleared": {
                "#attributes": {"xmlns": "http://manifests.microsoft.com/x"},
                "SubjectUserName": "jana.k",
                "SubjectLogonId": "0x4f2",
                "Detail": {"Channel": "Security"},
            }
        },
    }

    found = normalise(json.dumps({"Event": body}).encode())

    assert found["EventID"] == 1102
    assert found["Channel"] == "Security"
    assert found["EventData"] == {
        "SubjectUserName": "jana.k",
        "SubjectLogonId": "0x4f2",
        "Channel": "Security",
    }


def test_the_events_process_is_not_the_logging_one() -> None:
    found = normalise(shapes.nxlog(shapes.SYSMON_1))

    assert found["Execution_ProcessID"] == 3120
    assert found["EventData"]["ProcessId"] == "7312"


def test_nxlog_keeps_what_it_added_apart() -> None:
    found = normalise(shapes.nxlog(shapes.SYSMON_1))

    assert found["EventData"] == shapes.SYSMON_1.data
    assert found["Collector"]["AccountName"] == "SYSTEM"
    assert found["Collector"]["EventType"] == "INFO"


def test_an_account_name_of_the_event_stays_with_the_event() -> None:
    record = {
        "EventID": 7045,
        "SourceName": "Service Control Manager",
        "Channel": "System",
        "Hostname": "FIN-WS-114",
        "TimeCreated": "2026-03-04T09:17:31Z",
        "ServiceName": "updater",
        "AccountName": "LocalSystem",
    }

    found = normalise(json.dumps(record).encode())

    assert found["EventData"] == {"ServiceName": "updater", "AccountName": "LocalSystem"}


def fluent_bit(event: shapes.Event) -> dict[str, object]:
    return {
        "ProviderName": event.provider,
        "ProviderGuid": f"{{{event.guid}}}",
        "Qualifiers": "",
        "EventID": event.event_id,
        "Version": event.version,
        "Level": event.level,
        "Task": event.task,
        "Opcode": event.opcode,
        "Keywords": hex(event.keywords),
        "TimeCreated": "2026-03-04 10:17:31 +0100",
        "EventRecordID": event.record_id,
        "ActivityID": "",
        "ProcessID": event.process_id,
        "ThreadID": event.thread_id,
        "Channel": event.channel,
        "Computer": event.computer,
        "UserID": event.user_id,
        "StringInserts": list(event.data.values()),
    }


def test_properties_of_a_directory_object_are_not_insertion_strings() -> None:
    record = {
        "EventID": 4662,
        "Channel": "Security",
        "TimeCreated": "2026-03-04T09:17:31.482Z",
        "SourceName": "Microsoft-Windows-Security-Auditing",
        "Hostname": "DC02.corp.example.com",
        "AccessMask": "0x100",
        "Properties": "%%7688\r\n\t\t{1131f6ad-9c07-11d1-f79f-00c04fc2dcd2}",
    }

    found = normalise(json.dumps(record).encode())

    assert found["EventData"]["Properties"] == record["Properties"]
    assert found["EventData"]["AccessMask"] == "0x100"


def test_fluent_bits_strings_get_their_names() -> None:
    event = shapes.Event(
        channel="Microsoft-Windows-Sysmon/Operational",
        event_id=22,
        provider="Microsoft-Windows-Sysmon",
        guid=shapes.SYSMON_1.guid,
        data={
            "RuleName": "-",
            "UtcTime": "2026-03-04 09:17:31.455",
            "ProcessGuid": "{6c1f2a3b-8a4b-69a7-5d05-000000001a00}",
            "ProcessId": "7312",
            "QueryName": "updates.example.net",
            "QueryStatus": "0",
            "QueryResults": "::ffff:10.1.1.1;",
            "Image": "C:\\Windows\\System32\\svchost.exe",
        },
    )

    found = normalise(json.dumps(fluent_bit(event)).encode())

    assert found["EventData"] == event.data
    assert found["Execution_ProcessID"] == 3120
    assert found["TimeCreated"] == "2026-03-04T09:17:31.000000Z"


def test_strings_of_an_unknown_event_stay_unnamed() -> None:
    event = shapes.Event(
        "Application", 1000, "SomeProgram", shapes.LOGON.guid, {"a": "x", "b": "y"}
    )

    found = normalise(json.dumps(fluent_bit(event)).encode())

    assert found["EventData"] == {"Data": "x\ny", "param1": "x", "param2": "y"}


def test_powershell_export_of_get_winevent() -> None:
    record = {
        "Id": 4634,
        "Version": 0,
        "LevelDisplayName": "Information",
        "Level": 0,
        "ProviderName": "Microsoft-Windows-Security-Auditing",
        "ProviderId": shapes.LOGON.guid,
        "LogName": "Security",
        "ProcessId": 712,
        "ThreadId": 4480,
        "MachineName": "FIN-WS-114",
        "UserId": None,
        "TimeCreated": "/Date(1772615851482)/",
        "Properties": [{"Value": v} for v in ("S-1-5-21-1-2-3-1106", "jana.k", "CORP", 324, 3)],
    }

    found = normalise(json.dumps(record).encode())

    assert found["TimeCreated"] == "2026-03-04T09:17:31.482000Z"
    assert found["Execution_ProcessID"] == 712
    assert found["EventData"] == {
        "TargetUserSid": "S-1-5-21-1-2-3-1106",
        "TargetUserName": "jana.k",
        "TargetDomainName": "CORP",
        "TargetLogonId": "324",
        "LogonType": "3",
    }


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"<Event>", Reason.BAD_FORMAT),
        (b"<html><body/></html>", Reason.BAD_FORMAT),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><Event/>", Reason.BAD_FORMAT),
        (b"<Event><System/></Event>", Reason.MISSING_REQUIRED),
        (b'{"Event": ', Reason.BAD_JSON),
        (b"[1, 2]", Reason.MISSING_REQUIRED),
        (b'{"eventName": "GetObject", "data": {"Channel": "x"}}', Reason.MISSING_REQUIRED),
        (b'{"Event": {"System": {"EventID": "x"}}}', Reason.MISSING_REQUIRED),
        (b'{"Event": {"System": {"EventID": 1}}}', Reason.MISSING_REQUIRED),
        (b'{"EventID": 1, "Channel": "System", "TimeCreated": "soon"}', Reason.BAD_TIME),
        (b"\xff\xfe", Reason.BAD_UTF8),
        (b'{"a": "\xff"}', Reason.BAD_UTF8),
    ],
)
def test_what_is_no_event_says_why(raw: bytes, reason: Reason) -> None:
    with pytest.raises(RecordError) as caught:
        normalise(raw)

    assert caught.value.reason is reason
    assert caught.value.detail


@pytest.mark.parametrize("kind", ["xml", "json"])
def test_data_nested_without_end_is_refused(kind: str) -> None:
    if kind == "xml":
        raw = b"<Event><UserData>" + b"<a>" * 500 + b"x" + b"</a>" * 500 + b"</UserData></Event>"
    else:
        raw = b'{"Event": {"System": {"EventID": 1}, "UserData": ' + b'{"a": ' * 100
        raw += b"1" + b"}" * 102
    with pytest.raises(RecordError) as caught:
        normalise(raw)

    assert caught.value.reason is Reason.DEPTH


def test_characters_that_xml_forbids_are_replaced_not_fatal() -> None:
    raw = shapes.xml(shapes.LOGON).replace(b"jana.k", b"ja\x01na&#x0;k")

    assert normalise(raw)["EventData"]["TargetUserName"] == "ja\ufffdna\ufffdk"


def test_lone_surrogates_are_replaced_not_fatal() -> None:
    raw = shapes.flat(shapes.LOGON).replace(b"jana.k", b"ja\\ud800na")

    assert normalise(raw)["EventData"]["TargetUserName"] == "ja\ufffdna"
