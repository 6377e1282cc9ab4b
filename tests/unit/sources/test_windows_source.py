"""The `windows` source: its sample's rows, its columns, the Sigma log sources it serves."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest

from mantissa.errors import SourceError
from mantissa.sources.decode import decode
from mantissa.sources.definition import Binding
from mantissa.sources.mapping import Envelope, Extractor
from mantissa.sources.proof import prove
from mantissa.sources.record import Batch, Limits
from mantissa.sources.registry import load_sources
from mantissa.sources.spec import load_spec
from mantissa.sources.windows.names import CHANNELS
from support import windows_events as shapes

FOLDER = files("mantissa.sources").joinpath("builtin", "windows")
SPEC = load_sources()["windows"]
ENVELOPE = Envelope("ab" * 32, "windows/sample.jsonl", datetime(2026, 3, 5, tzinfo=UTC))


def rows(*raws: bytes) -> list[dict[str, Any]]:
    found = Extractor(SPEC).extract(Batch(list(raws), list(range(len(raws)))), ENVELOPE)
    assert not found.rejects
    return found.table.to_pylist()  # type: ignore[no-any-return]


def test_the_sample_gives_the_expected_rows() -> None:
    assert prove(SPEC, FOLDER) == []


def test_a_file_of_xml_events_gives_rows() -> None:
    text = b"<Events>" + b"\n".join(map(shapes.xml, (shapes.SYSMON_1, shapes.LOGON))) + b"</Events>"

    (batch,) = decode(io.BytesIO(text), "events.xml", Limits())

    assert isinstance(batch, Batch)
    assert [row["eventid"] for row in rows(*batch.raws)] == [1, 4624]


def test_rows_are_the_same_to_the_byte_every_time() -> None:
    sample = FOLDER.joinpath("sample.jsonl").read_bytes().splitlines()

    assert rows(*sample) == rows(*sample)


@pytest.mark.parametrize("shape", list(shapes.SHAPES))
@pytest.mark.parametrize("event", [shapes.SYSMON_1, shapes.LOGON], ids=["sysmon", "logon"])
def test_common_columns_do_not_depend_on_the_collector(shape: str, event: shapes.Event) -> None:
    common = [c.name for c in SPEC.table.columns[6:21]]
    (reference,) = rows(shapes.xml(event))

    (row,) = rows(shapes.SHAPES[shape](event))

    assert [row[c] for c in common] == [reference[c] for c in common]
    assert row["event_time"] == reference["event_time"]


def test_a_sign_in_is_the_target_accounts() -> None:
    (row,) = rows(shapes.flat(shapes.LOGON))

    assert row["event_class"] == "authentication"
    assert (row["actor_user"], row["actor_id"]) == ("jana.k", "S-1-5-21-11-22-33-1106")
    assert (row["src_ip"], row["src_port"], row["outcome"]) == ("10.20.30.40", 50112, "success")


def test_sysmon_time_is_its_own() -> None:
    (row,) = rows(shapes.nxlog(shapes.SYSMON_1))

    assert row["event_time"] == datetime(2026, 3, 4, 9, 17, 31, 455000, tzinfo=UTC)
    assert row["timecreated"] == datetime(2026, 3, 4, 9, 17, 31, 482000, tzinfo=UTC)


def security(number: int, **data: str) -> bytes:
    return shapes.xml(
        shapes.Event("Security", number, shapes.LOGON.provider, shapes.LOGON.guid, data, level=0)
    )


def test_process_rules_see_security_4688_under_sysmons_names() -> None:
    (row,) = rows(
        security(
            4688,
            SubjectUserName="FIN-WS-114$",
            SubjectDomainName="CORP",
            SubjectLogonId="0x3e7",
            NewProcessName="C:\\Windows\\System32\\cmd.exe",
            ParentProcessName="C:\\Windows\\explorer.exe",
            TargetUserName="-",
            MandatoryLabel="S-1-16-16384",
        )
    )

    assert row["image"] == "C:\\Windows\\System32\\cmd.exe"
    assert row["parentimage"] == "C:\\Windows\\explorer.exe"
    assert (row["user"], row["logonid"]) == ("CORP\\FIN-WS-114$", "0x3e7")
    assert row["integritylevel"] == "System"
    assert json.loads(row["eventdata"])["NewProcessName"] == row["image"]
    assert "Image" not in json.loads(row["eventdata"])


@pytest.mark.parametrize(
    ("number", "data", "expected"),
    [
        (4663, {"ObjectType": "File"}, "file_activity"),
        (4663, {"ObjectType": "Key"}, "registry_activity"),
        (4663, {"ObjectType": "Process"}, "other"),
        (4720, {}, "account_change"),
        (4740, {}, "account_change"),
        (4768, {}, "authentication"),
        (4779, {}, "authentication"),
        (4689, {}, "process_activity"),
        (5156, {}, "network_activity"),
        (4657, {}, "registry_activity"),
        (5145, {}, "file_activity"),
        (1102, {}, "other"),
        (4719, {}, "other"),
    ],
)
def test_class_of_security_events(number: int, data: dict[str, str], expected: str) -> None:
    (row,) = rows(security(number, **data))

    assert row["event_class"] == expected


@pytest.mark.parametrize("number", [4720, 4726, 4732, 4767, 4781, 4798])
def test_the_subject_changes_an_account_which_is_the_resource(number: int) -> None:
    (row,) = rows(security(number, SubjectUserName="admin.k", TargetUserName="temp1"))

    assert (row["actor_user"], row["resource"]) == ("admin.k", "temp1")


@pytest.mark.parametrize(
    ("field", "column", "path"),
    [
        ("Image", "image", ()),
        ("parentimage", "parentimage", ()),
        ("EventID", "eventid", ()),
        ("Provider_Name", "provider_name", ()),
        ("Hashes", "hashes", ()),
        ("IMPHASH", "imphash", ()),
        ("NewProcessName", "eventdata", ("NewProcessName",)),
        ("ClientProcessId", "eventdata", ("ClientProcessId",)),
    ],
)
def test_every_sigma_field_is_a_column_or_open_event_data(
    field: str, column: str, path: tuple[str, ...]
) -> None:
    binding = SPEC.bind(field)

    assert binding is not None
    assert (binding.column, binding.path) == (column, path)
    assert isinstance(binding, Binding)


def test_only_a_json_column_can_be_open() -> None:
    text = SPEC.text.replace("type: json, open: true", "type: string, open: true")

    with pytest.raises(SourceError, match="open and no JSON"):
        load_spec(text, "source.yaml")


def test_channels_of_log_sources_are_spelt_as_rows_have_them() -> None:
    named = {v for entry in SPEC.sigma for v in entry.when.get("channel", ())}

    assert named <= set(CHANNELS)


@pytest.mark.parametrize(
    ("category", "channels", "numbers"),
    [
        ("process_creation", {"Microsoft-Windows-Sysmon/Operational", "Security"}, {1, 4688}),
        ("registry_event", {"Microsoft-Windows-Sysmon/Operational"}, {12, 13, 14}),
        ("file_delete", {"Microsoft-Windows-Sysmon/Operational"}, {23, 26}),
        ("ps_classic_start", {"Windows PowerShell"}, {400}),
    ],
)
def test_log_source_conditions(category: str, channels: set[str], numbers: set[int]) -> None:
    (entry,) = [e for e in SPEC.sigma if e.category == category]

    assert set(entry.when["channel"]) == channels
    assert set(entry.when["eventid"]) == numbers


@pytest.mark.parametrize("shape", list(shapes.SHAPES))
def test_every_shape_is_recognised(shape: str) -> None:
    raw = shapes.SHAPES[shape](shapes.SYSMON_1)

    assert load_sources().claim("uploads/part-0001", [raw]).source == "windows"


@pytest.mark.parametrize("key", ["cases/42/Security.evtx", "logs/winlogbeat-2026.03.04.ndjson.gz"])
def test_keys_are_recognised(key: str) -> None:
    assert load_sources().claim(key, []).source == "windows"


def test_other_logs_are_not_claimed() -> None:
    raw = b'{"message": "{\\"id\\": 1}", "event": {"original": "GET / 200"}, "level": "info"}'

    assert load_sources().claim("uploads/part-0001", [raw]).source != "windows"


def test_what_a_collector_adds_is_kept() -> None:
    (row,) = rows(shapes.winlogbeat(shapes.LOGON))

    assert json.loads(row["collector"])["host"] == {"name": shapes.LOGON.computer}
    assert row["extra"] is None
