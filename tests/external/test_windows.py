"""Public Windows logs: nothing is lost, and what other products read from them we read alike."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mantissa.sources.decode import Decoded, decode
from mantissa.sources.mapping import Envelope, Extracted, Extractor
from mantissa.sources.record import Batch, Limits
from mantissa.sources.registry import load_sources
from mantissa.sources.windows.fields import names_of
from mantissa.sources.windows.normalise import normalise

SPEC = load_sources()["windows"]
ENVELOPE = Envelope("cd" * 32, "external", datetime(2026, 8, 1, tzinfo=UTC))

AGREED = {
    "winlog.event_id": "eventid",
    "winlog.channel": "channel",
    "winlog.computer_name": "computer",
    "winlog.record_id": "eventrecordid",
    "winlog.provider_name": "provider_name",
    "winlog.provider_guid": "provider_guid",
    "winlog.activity_id": "correlation_activityid",
    "winlog.process.pid": "execution_processid",
    "winlog.process.thread.id": "execution_threadid",
    "winlog.user.identifier": "security_userid",
    "winlog.version": "version",
    "@timestamp": "event_time",
    "event.outcome": "outcome",
    "user.name": "actor_user",
    "user.id": "actor_id",
    "source.ip": "src_ip",
    "source.port": "src_port",
    "destination.ip": "dst_ip",
    "destination.port": "dst_port",
    "host.name": "device_host",
    "process.hash.md5": "md5",
    "process.hash.sha256": "sha256",
    "process.parent.executable": "parentimage",
    "powershell.file.script_block_text": "scriptblocktext",
    "dns.question.name": "queryname",
}
"""Elastic's field → our column with the same meaning."""

CLOCK_SKEW = '{"_mantissa":{"flag":"clock_skew"}}'

DELIBERATE = {
    "user.id": "In Sysmon events it is the service's account, not that of who acted: we leave it out",
}


def as_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def decoded(file: Path) -> list[Decoded]:
    with file.open("rb") as stream:
        return list(decode(stream, file.name, Limits()))


def records_of(file: Path) -> list[bytes]:
    """The records that decoding gives; that it gives all of them is asserted below."""
    return [raw for item in decoded(file) if isinstance(item, Batch) for raw in item.raws]


def extract(raws: list[bytes]) -> Extracted:
    return Extractor(SPEC).extract(Batch(raws, list(range(len(raws)))), ENVELOPE)


def event_files(shared_data: Path, folder: str) -> list[Path]:
    found = [p for p in sorted((shared_data / folder).rglob("*")) if p.is_file()]
    kinds = (".evtx", ".gz", ".json")
    return [p for p in found if p.suffix in kinds and "expected" not in p.name]


@pytest.mark.parametrize(
    ("folder", "files", "events"),
    [
        ("windows_evtx", 38, 2653),
        ("windows_otrf", 13, 11470),
        ("windows_security", 47, 154),
        ("windows_powershell", 2, 6),
        ("sysmon", 1, 2),
        ("sigma_regression", 122, 142),
    ],
)
def test_every_event_is_a_row(shared_data: Path, folder: str, files: int, events: int) -> None:
    found = event_files(shared_data, folder)
    rows = rejected = 0
    for file in found:
        assert all(isinstance(item, Batch) for item in decoded(file)), file
        extracted = extract(records_of(file))
        rows += extracted.table.num_rows
        rejected += len(extracted.rejects)
        assert set(extracted.table["extra"].to_pylist()) <= {None, CLOCK_SKEW}, file
    assert (len(found), rows, rejected) == (files, events, 0)


@pytest.mark.parametrize("folder", ["windows_evtx", "windows_otrf", "sigma_regression"])
def test_every_file_is_recognised(shared_data: Path, folder: str) -> None:
    sources = load_sources()
    for file in event_files(shared_data, folder):
        assert sources.claim(file.stem, records_of(file)[:50]).source == "windows", file


def at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def pairs(shared_data: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Our row and Elastic's document of each event."""
    for folder in ("windows_security", "windows_powershell", "sysmon"):
        for file in event_files(shared_data, folder):
            expected = json.loads(file.with_name(f"{file.name}-expected.json").read_text())
            rows = extract(records_of(file)).table.to_pylist()
            yield from zip(rows, expected["expected"], strict=True)


def ours(row: dict[str, Any], field: str) -> Any:
    value = row[AGREED[field]]
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


def theirs(document: dict[str, Any], field: str) -> Any:
    value = at(document, field)
    if field == "@timestamp":
        return datetime.fromisoformat(value).isoformat(timespec="milliseconds")
    if field in ("winlog.event_id", "winlog.record_id") and value is not None:
        return int(value)
    return value.lower() if field.endswith(("_guid", "activity_id")) and value else value


def test_columns_agree_with_elastics(shared_data: Path) -> None:
    agreed: Counter[str] = Counter()
    differences = []
    for row, document in pairs(shared_data):
        for field in AGREED:
            wanted, found = theirs(document, field), ours(row, field)
            sysmons_own = field == "user.id" and row["provider_name"] == "Microsoft-Windows-Sysmon"
            if wanted is None or (sysmons_own and field in DELIBERATE):
                continue
            agreed[field] += wanted == found
            if wanted != found:
                differences.append((row["eventid"], field, wanted, found))
    assert differences == []
    assert agreed["winlog.event_id"] == 162
    assert sum(agreed.values()) > 2000


def test_event_data_agrees_with_elastics(shared_data: Path) -> None:
    """Elastic adds descriptions of codes and splits lists; every value it left alone is ours."""
    agreed, differences = 0, []
    for row, document in pairs(shared_data):
        data = json.loads(row["eventdata"])
        for section in ("event_data", "user_data"):
            for name, value in (at(document, f"winlog.{section}") or {}).items():
                added = name.endswith("Description") or name in ("Category", "SubCategory")
                if added or name == "xml_name":
                    continue
                wanted = ",".join(value) if isinstance(value, list) else value
                agreed += data.get(name) == wanted
                if data.get(name) != wanted:
                    differences.append((row["eventid"], name, wanted, data.get(name)))
    assert differences == []
    assert agreed == 1098


def test_regression_files_say_the_same_in_both_formats(shared_data: Path) -> None:
    """The JSON twins were written by hand from the .evtx: blanks at the ends were lost there."""
    compared = 0
    for binary in sorted((shared_data / "sigma_regression").rglob("*.evtx")):
        twin = binary.with_suffix(".json")
        if not twin.exists():
            continue
        by_record = {normalise(r)["EventRecordID"]: normalise(r) for r in records_of(binary)}
        for raw in records_of(twin):
            found = normalise(raw)
            other = by_record[found["EventRecordID"]]
            assert stripped(found) == stripped(other), binary.name
            compared += 1
    assert compared > 0


def stripped(fields: dict[str, Any]) -> dict[str, Any]:
    data = {k: v.strip() for k, v in fields["EventData"].items() if v.strip()}
    return fields | {"EventData": data, "Collector": None}


def test_names_of_strings_are_in_the_order_of_real_events(shared_data: Path) -> None:
    named: Counter[int] = Counter()
    for folder in ("windows_evtx", "sigma_regression"):
        for file in event_files(shared_data, folder):
            for raw in records_of(file) if file.suffix == ".evtx" else []:
                data = json.loads(raw)["Event"].get("EventData") or {}
                system = normalise(raw)
                names = names_of(system, len(data))
                assert names in ([], list(data)), system["EventID"]
                named[system["EventID"]] += bool(names)
    assert len(+named) >= 25


FLAT_NAMES = {
    "TimeCreated_SystemTime": "timecreated",
    "Correlation_ActivityID": "correlation_activityid",
}


def test_flat_rows_keep_every_value_and_absent_stays_null(shared_data: Path) -> None:
    lines = (shared_data / "sigma_variants.jsonl").read_text().splitlines()
    events = [json.loads(line)["event"] for line in lines]
    found = extract([as_bytes(event) for event in events])
    assert not found.rejects
    for event, row in zip(events, found.table.to_pylist(), strict=True):
        data = json.loads(row["eventdata"])
        assert set(data) == {k for k in event if not is_system(k)}
        for name, value in event.items():
            held = data.get(name, row.get(FLAT_NAMES.get(name, name.lower())))
            assert same(held, value), (name, held, value)
        for column in ("commandline", "image", "originalfilename", "company", "targetobject"):
            names = {k.lower() for k in event}
            assert (row[column] is None) == (column not in names)


def is_system(name: str) -> bool:
    prefixes = ("Provider_", "Execution_", "Security_", "Correlation_", "TimeCreated_")
    names = {"EventID", "Version", "Level", "Task", "Opcode", "Keywords", "EventRecordID"}
    return name.startswith(prefixes) or name in names | {"Channel", "Computer"}


def same(held: Any, value: Any) -> bool:
    """Equal but for the form of GUIDs, the registered spelling of names and the format of times."""
    if isinstance(held, datetime):
        given = datetime.fromisoformat(str(value).upper())
        return held == given.replace(microsecond=given.microsecond // 1000 * 1000)
    return (
        str(held) == str(value) or str(held).strip("{}").lower() == str(value).strip("{}").lower()
    )
