"""A message of the ingest queue becomes rows or a quarantine entry, and is never dropped."""

from __future__ import annotations

import json

import pytest

from mantissa.adapters.memory import ManualClock
from mantissa.errors import AccessDenied, KeyDenied, ObjectNotFound, StoreTransient
from mantissa.lake.arrivals import Arrivals
from mantissa.lake.ingest import Ingest, LakePorts
from mantissa.lake.ledger import Ledger
from mantissa.lake.notices import pointer_to
from mantissa.lake.quarantine import Entry, Quarantine
from mantissa.lake.refusals import Refusals
from mantissa.lake.replay import ReplayQuarantine
from mantissa.lake.seen import Seen
from mantissa.model import ObjectInfo
from support.faults import Faults, Faulty, Killed
from support.lakes import NOW, assert_reconciled, cloudtrail, records, rows_of
from support.raw import RawLake

URI = "s3://raw/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/19/111122223333_x.json.gz"
KEY_DENIED = KeyDenied("the key is disabled", where=URI)


def about(*uris: str) -> str:
    return pointer_to(ObjectInfo(uri, 7, "e", NOW, "") for uri in uris)


def quarantined(raw: RawLake) -> list[Entry]:
    return list(Quarantine(raw.lake.objects, raw.lake.state).entries())


@pytest.fixture
def raw() -> RawLake:
    made = RawLake()
    made.raw.put(URI, records(cloudtrail(n) for n in range(5)))
    return made


def test_a_message_is_taken_to_rows(raw: RawLake) -> None:
    taken = raw.arrivals().take(about(URI))
    assert [(d.source, d.counts.rows) for d in taken.done] == [("aws_cloudtrail", 5)]
    assert {r["source_object"] for r in rows_of(raw.lake.objects)} == {URI}
    assert_reconciled(raw.lake.objects, raw.lake.state)


def test_a_second_delivery_changes_nothing_and_reads_nothing(raw: RawLake) -> None:
    raw.arrivals().take(about(URI))
    reads = len(raw.raw.reads)
    taken = raw.arrivals().take(about(URI))
    assert (taken.done, taken.complete) == ((), (URI,))
    assert len(raw.raw.reads) == reads
    assert len(rows_of(raw.lake.objects)) == 5


def test_what_was_put_over_it_is_ingested_too(raw: RawLake) -> None:
    raw.arrivals().take(about(URI))
    raw.raw.put(URI, records(cloudtrail(n) for n in range(50, 53)))
    assert [d.counts.rows for d in raw.arrivals().take(about(URI)).done] == [3]


def test_the_same_content_under_another_key_is_known(raw: RawLake) -> None:
    raw.arrivals().take(about(URI))
    raw.raw.put("s3://raw/copy.json.gz", records(cloudtrail(n) for n in range(5)))
    (done,) = raw.arrivals().take(about("s3://raw/copy.json.gz")).done
    assert done.already
    assert raw.arrivals().take(about("s3://raw/copy.json.gz")).complete


@pytest.mark.parametrize("body", ["{", '{"hello": "world"}', "\x00é"])
def test_a_message_that_nobody_understands_is_kept_in_quarantine_once(
    raw: RawLake, body: str
) -> None:
    for _ in range(2):
        (refusal,) = raw.arrivals().take(body).refused
        assert refusal.where.startswith("message:")
    (entry,) = quarantined(raw)
    assert (entry.reason, entry.line, entry.data()) == ("bad_format", 0, body.encode())
    assert_reconciled(raw.lake.objects, raw.lake.state)


def test_s3s_test_is_nothing(raw: RawLake) -> None:
    taken = raw.arrivals().take(json.dumps({"Event": "s3:TestEvent"}))
    assert (taken.done, taken.refused, quarantined(raw)) == ((), (), [])


def test_an_object_that_is_gone_is_kept_in_quarantine_with_its_name(raw: RawLake) -> None:
    gone = "s3://raw/gone.json.gz"
    taken = raw.arrivals().take(about(URI, gone))
    assert [r.where for r in taken.refused] == [gone]
    assert [d.counts.rows for d in taken.done] == [5]
    (entry,) = quarantined(raw)
    assert (entry.reason, entry.source_object) == ("not_found", gone)
    assert gone.encode() in entry.data()
    assert_reconciled(raw.lake.objects, raw.lake.state)


def test_an_object_that_appears_later_is_ingested_and_leaves_quarantine(raw: RawLake) -> None:
    late = "s3://raw/late.json.gz"
    raw.arrivals().take(about(late))
    raw.raw.put(late, records([cloudtrail(77)]))
    assert [d.counts.rows for d in raw.arrivals().take(about(late)).done] == [1]
    assert quarantined(raw) == []
    assert_reconciled(raw.lake.objects, raw.lake.state)


def test_a_key_that_is_denied_is_tried_until_the_last_time_and_then_told(raw: RawLake) -> None:
    raw.raw.closed[URI] = KEY_DENIED
    with pytest.raises(KeyDenied):
        raw.arrivals().take(about(URI))
    assert quarantined(raw) == []
    for _ in range(2):
        (refusal,) = raw.arrivals().take(about(URI), last=True).refused
        assert refusal.reason == "kms_denied"
    assert [e.reason for e in quarantined(raw)] == ["kms_denied"]
    assert_reconciled(raw.lake.objects, raw.lake.state)


def test_when_the_key_is_opened_the_object_is_ingested_and_leaves_quarantine(raw: RawLake) -> None:
    raw.raw.closed[URI] = KEY_DENIED
    raw.arrivals().take(about(URI), last=True)
    raw.raw.closed.clear()
    assert [d.counts.rows for d in raw.arrivals().take(about(URI)).done] == [5]
    assert quarantined(raw) == []
    assert raw.arrivals().take(about(URI)).complete == (URI,)
    assert_reconciled(raw.lake.objects, raw.lake.state)


@pytest.mark.parametrize("error", [AccessDenied("no", where=URI), StoreTransient("no", where=URI)])
def test_whatever_else_keeps_us_from_it_leaves_the_message_in_the_queue(
    raw: RawLake, error: AccessDenied
) -> None:
    raw.raw.closed[URI] = error
    with pytest.raises(type(error)):
        raw.arrivals().take(about(URI), last=True)
    assert quarantined(raw) == []


@pytest.mark.parametrize(
    "error", [ObjectNotFound("no such object", where="specs/x.yaml"), KeyDenied("no", where="lake")]
)
def test_what_is_wrong_with_the_lake_is_not_told_of_the_object(
    raw: RawLake, error: KeyDenied
) -> None:
    raw.raw.closed[URI] = error
    with pytest.raises(type(error)):
        raw.arrivals().take(about(URI), last=True)
    assert quarantined(raw) == []


def test_replay_leaves_what_cannot_be_read_where_it_is(raw: RawLake) -> None:
    raw.raw.closed[URI] = KEY_DENIED
    raw.arrivals().take(about(URI), last=True)
    raw.arrivals().take("{")
    lake = raw.lake
    report = ReplayQuarantine(lake.ingest(), lake.inputs, lake.ports, lake.sources).run()
    assert (report.tried, report.released, report.remaining) == (2, 0, 2)


@pytest.mark.parametrize("kind", ["kill_before", "kill_after", "refuse", "ambiguous"])
@pytest.mark.parametrize("body", [about(URI), about("s3://raw/gone"), "{"])
def test_a_fault_at_any_port_call_is_mended_by_the_next_delivery(body: str, kind: str) -> None:
    counted = Faults()
    clean = RawLake()
    expected = _outcome(clean, body, counted)
    assert counted.calls >= 5
    for at in range(1, counted.calls + 1):
        raw, faults = RawLake(), Faults(at=at, kind=kind)
        with pytest.raises((Killed, StoreTransient)):
            _outcome(raw, body, faults)
        assert _outcome(raw, body, Faults()) == expected, (at, faults.log[at - 1])
        assert_reconciled(raw.lake.objects, raw.lake.state)
        assert all(e.finished for e in Ledger(raw.lake.state).entries())


def _outcome(raw: RawLake, body: str, faults: Faults) -> tuple[list[str], list[Entry]]:
    """Take a message with faults in the lake's own ports, and return what is there afterwards."""
    raw.raw.put(URI, records(cloudtrail(n) for n in range(5)))
    lake, state = raw.lake, Faulty(raw.lake.state, faults, "state")
    ports = LakePorts(Faulty(lake.objects, faults, "objects"), state, ManualClock(NOW))
    raw.raw.seen = Seen(state)
    ingest = Ingest(raw.raw, ports, lake.sources, lake.settings)
    Arrivals(raw.raw, ingest, Refusals(ports), Seen(state)).take(body)
    return [r["event_id"] for r in rows_of(lake.objects)], quarantined(raw)
