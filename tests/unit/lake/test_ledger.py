"""Conditional writes decide who commits; whoever loses leaves nothing behind."""

from __future__ import annotations

import threading
from dataclasses import asdict, replace

import pytest

from mantissa.adapters.memory import MemoryState
from mantissa.errors import SourceError, StoreError, StoreTransient
from mantissa.lake.books import PARTITIONS, PENDING, Outcome, shares
from mantissa.lake.ledger import (
    DONE,
    MAX_ATTEMPTS,
    PLANNED,
    QUARANTINED,
    SUPERSEDED,
    Ledger,
    insist,
)
from mantissa.lake.plan import PARSER_VERSION, Plan
from mantissa.lake.quarantine import LEDGER
from mantissa.model import Counts, DataFile, Manifest
from mantissa.ports import Put
from mantissa.sources.record import Limits

ID = "cd" * 32
PLAN = Plan(
    source="gate",
    spec="s",
    nearest=(),
    parser=PARSER_VERSION,
    split_rows=3,
    split_bytes=9,
    limits=asdict(Limits()),
    writer="w",
    source_object="in/a",
    etag="e",
    size=1,
    modified="2026-11-20T12:00:00+00:00",
)


def file(key: str, rows: int = 2, day: str = "2026-11-18") -> DataFile:
    first, last = f"{day}T01:00:00.000Z", f"{day}T02:00:00.000Z"
    return DataFile(key, "gate", day, rows, 10 * rows, first, last, {"raw": rows})


def outcome(*files: DataFile, state: str = DONE) -> Outcome:
    rows = sum(f.rows for f in files)
    manifest = Manifest(ID, "gate", "in/a", files, Counts(rows, rows), (), 1)
    return Outcome(state, manifest, "manifest/x", "2026-11-20T13:00:00+00:00")


def test_the_first_plan_is_the_plan() -> None:
    ledger = Ledger(MemoryState())
    first = ledger.begin(ID, PLAN)
    second = ledger.begin(ID, replace(PLAN, split_rows=99))
    assert (first.attempts, second.attempts) == (1, 2)
    assert second.plan == PLAN
    assert not second.finished


def test_a_finished_object_is_not_begun_again() -> None:
    ledger = Ledger(MemoryState())
    assert ledger.commit(ledger.begin(ID, PLAN), outcome(file("a")))
    again = ledger.begin(ID, PLAN)
    assert (again.state, again.attempts) == (DONE, 1)


def test_only_one_of_two_commits_counts() -> None:
    state = MemoryState()
    ledger = Ledger(state)
    one, two = ledger.begin(ID, PLAN), ledger.begin(ID, PLAN)
    assert ledger.commit(one, outcome(file("a")))
    assert not ledger.commit(two, outcome(file("a")))
    assert [i.value["rows"] for i in state.query(PARTITIONS)] == [2]
    assert [i.key for i in state.query(PENDING)] == [ID]


def test_partition_totals_add_up_over_objects_under_contention() -> None:
    state = MemoryState()
    names = [f"{n:064x}" for n in range(24)]

    def work(mine: list[str]) -> None:
        ledger = Ledger(state)
        for name in mine:
            entry = ledger.begin(name, PLAN)
            days = (file(f"{name}-1"), file(f"{name}-2", rows=3, day="2026-11-19"))
            assert ledger.commit(entry, outcome(*days))

    threads = [threading.Thread(target=work, args=(names[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {(s.table, s.event_date): s for s in shares(state)}
    first, second = found["gate", "2026-11-18"], found["gate", "2026-11-19"]
    assert (first.rows, first.files, first.bytes) == (48, 24, 480)
    assert (second.rows, second.files, second.bytes) == (72, 24, 720)
    assert second.columns == {"raw": 72}
    assert first.first_event == "2026-11-18T01:00:00.000Z"
    assert first.last_event == "2026-11-18T02:00:00.000Z"
    record = state.get(PARTITIONS, "gate/2026-11-19/0")
    assert record is not None and record.value["generation"] == 24


def test_objects_keep_their_totals_in_shares_apart() -> None:
    state = MemoryState()
    ledger = Ledger(state)
    for name in ("1" * 64, "2" * 64):
        assert ledger.commit(ledger.begin(name, PLAN), outcome(file(name)))
    assert [i.key for i in state.query(PARTITIONS)] == ["gate/2026-11-18/1", "gate/2026-11-18/2"]
    assert sum(share.rows for share in shares(state)) == 4


def test_an_object_of_very_many_days_commits_in_few_writes() -> None:
    state = MemoryState()
    ledger = Ledger(state)
    days = [f"{year}-{month:02d}-01" for year in range(2000, 2020) for month in range(1, 13)]
    assert ledger.commit(ledger.begin(ID, PLAN), outcome(*(file(d, day=d) for d in days)))
    assert len(list(state.query(PARTITIONS))) == 1
    assert [(s.event_date, s.rows) for s in shares(state)] == [(day, 2) for day in days]


def test_attempts_that_die_make_poison_and_forgiven_ones_do_not() -> None:
    ledger = Ledger(MemoryState())
    for _ in range(20):
        ledger.begin(ID, PLAN)
        ledger.forgive(ID)
    for _ in range(MAX_ATTEMPTS):
        assert not ledger.begin(ID, PLAN).poisoned
    assert ledger.begin(ID, PLAN).poisoned


def test_forgiving_never_hides_the_failure_that_came_before() -> None:
    class Full(MemoryState):
        def put(self, write: Put) -> None:
            raise StoreError("disk full")

    state = Full()
    state.transact([Put(LEDGER, ID, {"state": PLANNED, "attempts": 1}, None)])
    Ledger(state).forgive(ID)


def test_a_superseded_plan_can_never_be_committed() -> None:
    ledger = Ledger(MemoryState())
    slow, quick = ledger.begin(ID, PLAN), ledger.begin(ID, PLAN)
    ledger.supersede(quick)
    assert not ledger.commit(slow, outcome(file("a")))
    assert ledger.unclaimed(slow, ["a", "b"]) == ["a", "b"]
    revived = ledger.begin(ID, replace(PLAN, generation=1))
    assert (revived.state, revived.plan.generation, revived.attempts) == (PLANNED, 1, 1)
    assert not ledger.commit(slow, outcome(file("a")))
    assert ledger.unclaimed(slow, ["a"]) == ["a"]
    assert ledger.commit(revived, outcome(file("b")))


def test_a_committed_plan_is_not_superseded_and_keeps_its_files() -> None:
    ledger = Ledger(MemoryState())
    slow = ledger.begin(ID, PLAN)
    ledger.commit(ledger.begin(ID, PLAN), outcome(file("a")))
    ledger.supersede(slow)
    found = ledger.find(ID)
    assert found is not None
    assert found.state == DONE
    assert ledger.unclaimed(slow, ["a", "manifest/x", "stray"]) == ["stray"]


def test_files_of_a_plan_still_at_work_are_nobodys_to_delete() -> None:
    ledger = Ledger(MemoryState())
    entry = ledger.begin(ID, PLAN)
    assert ledger.unclaimed(entry, ["a"]) == []


def test_an_object_quarantined_whole_keeps_a_record_of_it_when_taken_up_again() -> None:
    ledger = Ledger(MemoryState())
    manifest = Manifest(ID, "", "in/a", (), Counts(1, 0, 1), ("quarantine/q",), 1)
    whole = Outcome(QUARANTINED, manifest, "manifest/q", "t")
    assert ledger.commit(ledger.begin(ID, PLAN), whole)
    entry = ledger.begin(ID, replace(PLAN, generation=1))
    assert entry.quarantine == ()
    assert ledger.commit(entry, outcome(file("a")))
    found = ledger.find(ID)
    assert found is not None
    assert found.keys == {"quarantine/q", "manifest/q", "a", "manifest/x"}


def test_a_plan_of_another_parser_is_listed_but_not_carried_on() -> None:
    state = MemoryState()
    entry = Ledger(state).begin(ID, PLAN)
    item = state.get(LEDGER, ID)
    assert item is not None
    plan = item.value["plan"] | {"parser": PARSER_VERSION + 1}
    state.put(Put(LEDGER, ID, {**item.value, "plan": plan}, entry.version))
    assert [e.state for e in Ledger(state).entries()] == [PLANNED]
    with pytest.raises(SourceError, match="half ingested by parser version"):
        Ledger(state).begin(ID, PLAN)


def test_deciding_anew_ends() -> None:
    from mantissa.errors import Conflict

    def lose() -> None:
        raise Conflict("always")

    with pytest.raises(StoreTransient, match="contended"):
        insist(lose, "in/a")


def test_states_are_words_that_stay() -> None:
    assert [PLANNED, DONE, QUARANTINED, SUPERSEDED] == [
        "PLANNED",
        "DONE",
        "QUARANTINED",
        "SUPERSEDED",
    ]
