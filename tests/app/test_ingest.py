"""An object becomes rows, quarantine entries and a balanced ledger, exactly once."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import pytest

from mantissa.errors import StoreTransient
from mantissa.lake.ingest import Ingest, Ingested, IngestSettings
from mantissa.lake.ledger import Ledger
from mantissa.lake.quarantine import Quarantine
from mantissa.lake.replay import ReplayQuarantine
from mantissa.lake.status import lake_status
from mantissa.model import ObjectInfo
from support.faults import Faults, Faulty, Killed
from support.lakes import Lake, assert_reconciled, cloudtrail, fingerprint, records, rows_of

KEY = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/19/111122223333_x.json.gz"


def mixed() -> bytes:
    """Seven good records over two days, one without a time, one that is an Insight."""
    good = [cloudtrail(n) for n in range(7)]
    untimed = {k: v for k, v in cloudtrail(90).items() if k != "eventTime"}
    insight = cloudtrail(91, eventType="AwsCloudTrailInsight", insightDetails={"state": "Start"})
    return records([*good[:4], untimed, insight, *good[4:]])


def test_every_record_is_a_row_quarantined_or_filtered() -> None:
    lake = Lake()
    lake.deliver(KEY, mixed())
    done = lake.ingest().one(KEY)
    counts = done.counts
    assert (counts.records, counts.rows, counts.quarantined, counts.filtered) == (9, 7, 1, 1)
    assert done.tables == {"aws_cloudtrail": 7}
    assert dict(counts.reasons) == {"missing_required": 1}
    assert_reconciled(lake.objects, lake.state)


def test_rows_carry_their_origin_and_never_the_present_time() -> None:
    lake = Lake()
    lake.deliver(KEY, mixed())
    lake.ingest().one(KEY)
    identity = lake.inputs.head(KEY).identity
    rows = rows_of(lake.objects)
    assert [r["event_id"] for r in rows] == [
        f"{identity[:32]}{p:08x}" for p in (0, 1, 2, 3, 6, 7, 8)
    ]
    assert [r["source_line"] for r in rows] == [1, 2, 3, 4, 7, 8, 9]
    assert {r["source_object"] for r in rows} == {KEY}
    assert len({r["ingest_time"] for r in rows}) == 1
    assert {r["event_date"] for r in rows} == {"2026-11-18", "2026-11-19"}
    assert json.loads(rows[0]["raw"])["eventID"] == rows[0]["eventid"]


def test_the_second_time_changes_nothing() -> None:
    lake = Lake()
    lake.deliver(KEY, mixed())
    lake.ingest().one(KEY)
    before = fingerprint(lake.objects, lake.state)
    again = lake.ingest().one(KEY)
    assert again.already
    assert again.counts.records == 0
    assert fingerprint(lake.objects, lake.state) == before


def test_the_same_content_under_another_name_is_the_same_object() -> None:
    lake = Lake()
    lake.deliver(KEY, mixed())
    lake.deliver("elsewhere/" + KEY, mixed())
    lake.ingest().one(KEY)
    assert lake.ingest().one("elsewhere/" + KEY).already


def test_an_unclaimed_object_is_quarantined_whole_and_can_be_named() -> None:
    lake = Lake()
    lake.deliver("odd.log", b'{"vendor": "never seen", "level": 3}\n')
    done = lake.ingest().one("odd.log")
    assert dict(done.counts.reasons) == {"unknown_source": 1}
    assert (done.counts.records, done.counts.quarantined) == (1, 1)
    entry = next(Quarantine(lake.objects, lake.state).entries())
    assert "nearest" in entry.detail
    assert "never seen" in entry.raw
    assert lake.ingest().one("odd.log").already
    named = lake.ingest().one("odd.log", source="aws_cloudtrail")
    assert dict(named.counts.reasons) == {"missing_required": 1}
    assert [e.line for e in Quarantine(lake.objects, lake.state).entries()] == [1]
    assert_reconciled(lake.objects, lake.state)


def test_an_empty_object_is_done_with_nothing() -> None:
    lake = Lake()
    lake.deliver("empty.json", b"")
    assert lake.ingest().one("empty.json").counts.records == 0
    assert lake.ingest().one("empty.json").already
    assert_reconciled(lake.objects, lake.state)


@pytest.mark.parametrize("kind", ["kill_before", "kill_after", "refuse", "ambiguous"])
def test_a_fault_at_any_port_call_leaves_a_lake_the_next_run_completes(kind: str) -> None:
    clean = Lake()
    clean.deliver(KEY, mixed())
    counted = Faults()
    _wrapped(clean, counted).ingest().one(KEY)
    expected = fingerprint(clean.objects, clean.state)
    assert counted.calls >= 10
    for at in range(1, counted.calls + 1):
        lake = Lake()
        lake.deliver(KEY, mixed())
        with pytest.raises((Killed, StoreTransient)):
            _wrapped(lake, Faults(at=at, kind=kind)).ingest().one(KEY)
        lake.ingest().one(KEY)
        assert fingerprint(lake.objects, lake.state) == expected, (kind, counted.log[at - 1])
        assert_reconciled(lake.objects, lake.state)


def test_an_object_that_never_finishes_is_quarantined_as_poison() -> None:
    lake = Lake()
    lake.deliver(KEY, mixed())
    for _ in range(5):
        with pytest.raises(Killed):
            _wrapped(lake, Faults(at=8, kind="kill_after")).ingest().one(KEY)
    done = lake.ingest().one(KEY)
    assert dict(done.counts.reasons) == {"poison": 1}


@pytest.mark.parametrize("at", range(6, 15))
def test_poison_leaves_no_row_wherever_it_kills(at: int) -> None:
    lake = Lake()
    lake.deliver(KEY, mixed())
    killed = 0
    for _ in range(5):
        try:
            _wrapped(lake, Faults(at=at, kind="kill_after")).ingest().one(KEY)
        except Killed:
            killed += 1
    reasons = dict(lake.ingest().one(KEY).counts.reasons)
    assert (len(rows_of(lake.objects)) == 0) == (reasons == {"poison": 1}), killed
    assert_reconciled(lake.objects, lake.state)


def test_stopping_by_hand_does_not_count_as_an_attempt() -> None:
    lake = Lake()
    lake.deliver(KEY, mixed())

    def interrupt() -> None:
        raise KeyboardInterrupt

    for _ in range(7):
        faults = Faults(at=5, kind="kill_after", die=interrupt)
        with pytest.raises(KeyboardInterrupt):
            _wrapped(lake, faults).ingest().one(KEY)
    assert lake.ingest().one(KEY).counts.rows == 7


def test_a_pinned_plan_survives_new_settings() -> None:
    clean = Lake()
    clean.deliver(KEY, mixed())
    clean.ingest().one(KEY)
    lake = Lake()
    lake.deliver(KEY, mixed())
    with pytest.raises(Killed):
        _wrapped(lake, Faults(at=7, kind="kill_after")).ingest().one(KEY)
    lake.settings = IngestSettings(split_rows=1)
    lake.ingest().one(KEY)
    assert fingerprint(lake.objects, lake.state) == fingerprint(clean.objects, clean.state)


class Overtaken:
    """Inputs during whose second opening, which is for parsing, another worker acts."""

    def __init__(self, lake: Lake, act: Callable[[], object]) -> None:
        self._lake, self._act, self._opened = lake, act, 0

    def head(self, key: str) -> ObjectInfo:
        return self._lake.inputs.head(key)

    def open(self, key: str) -> BinaryIO:
        self._opened += 1
        if self._opened == 2:
            self._act()
        return self._lake.inputs.open(key)


def overtaken(lake: Lake, act: Callable[[], object]) -> Ingested:
    inputs = Overtaken(lake, act)
    return Ingest(inputs, lake.ports, lake.sources, lake.settings).one(KEY)


def test_a_worker_that_was_overtaken_says_so_and_changes_nothing() -> None:
    clean = Lake()
    clean.deliver(KEY, mixed())
    clean.ingest().one(KEY)
    lake = Lake()
    lake.deliver(KEY, mixed())
    done = overtaken(lake, lambda: lake.ingest().one(KEY))
    assert done.already
    assert done.counts.records == 0
    assert fingerprint(lake.objects, lake.state) == fingerprint(clean.objects, clean.state)
    assert_reconciled(lake.objects, lake.state)


def test_rows_written_for_an_object_that_was_given_up_meanwhile_are_taken_back() -> None:
    lake = Lake()
    lake.deliver(KEY, mixed())

    def give_up() -> None:
        ledger = Ledger(lake.state)
        (entry,) = ledger.entries()
        ledger.supersede(entry)

    done = overtaken(lake, give_up)
    assert (done.already, done.counts.rows) == (False, 7)
    assert len(rows_of(lake.objects)) == 7
    assert_reconciled(lake.objects, lake.state)


def test_rows_written_for_an_object_that_became_poison_meanwhile_are_taken_back() -> None:
    lake = Lake()
    lake.deliver(KEY, mixed())

    def poison() -> None:
        for _ in range(4):
            with pytest.raises(Killed):
                _wrapped(lake, Faults(at=8, kind="kill_before")).ingest().one(KEY)
        assert dict(lake.ingest().one(KEY).counts.reasons) == {"poison": 1}

    assert overtaken(lake, poison).already
    assert rows_of(lake.objects) == []
    assert_reconciled(lake.objects, lake.state)


def test_replay_releases_what_can_be_read_now() -> None:
    lake = Lake()
    lake.deliver("odd.log", gzip.decompress(records([cloudtrail(1)]))[:-2])
    first = lake.ingest().one("odd.log", source="aws_cloudtrail")
    assert first.counts.quarantined == 1
    replay = ReplayQuarantine(lake.ingest(), lake.inputs, lake.ports, lake.sources)
    report = replay.run()
    assert (report.tried, report.released, report.remaining) == (1, 0, 1)
    assert_reconciled(lake.objects, lake.state)


def test_status_counts_tables_from_the_books() -> None:
    lake = Lake()
    lake.deliver(KEY, mixed())
    lake.ingest().one(KEY)
    status = lake_status(lake.state, lake.sources)["aws_cloudtrail"]
    assert (status.rows, status.objects, status.quarantined) == (7, 1, 1)
    assert status.first_event == "2026-11-18T08:00:00.000Z"
    assert status.last_event == "2026-11-19T08:05:00.000Z"


def _wrapped(lake: Lake, faults: Faults) -> Lake:
    return replace(
        lake,
        inputs=Faulty(lake.inputs, faults, "inputs"),
        objects=Faulty(lake.objects, faults, "objects"),
        state=Faulty(lake.state, faults, "state"),
    )
