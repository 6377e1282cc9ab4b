"""The audit trail: complete entries, in the order of time, each once."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from mantissa.adapters.memory import ManualClock, MemoryState
from mantissa.audit.trail import TABLE, Caller, Trail, fingerprint

WHO = Caller("sub", "ada", frozenset({"analyst"}), "session", "203.0.113.9", "request")


def test_entries_sort_by_time_and_never_meet() -> None:
    clock = ManualClock(datetime(2026, 3, 4, 9, 59, 59, 900_000, tzinfo=UTC))
    numbers = itertools.count()
    trail = Trail(clock, lambda: f"{1_000 - next(numbers):032x}")
    state = MemoryState()
    for number in range(6):
        state.put(trail.entry(WHO, "query.submit", "queries/1", number=number))
        clock.advance(0.1 if number % 2 else 0.0)
    values = [item.value for item in state.query(TABLE)]
    assert [value["at"] for value in values] == sorted(value["at"] for value in values)
    assert sorted(value["number"] for value in values) == list(range(6))
    assert values[0]["at"] == "2026-03-04T09:59:59.900000Z"


def test_an_entry_says_who_from_where_and_under_which_request() -> None:
    trail = Trail(ManualClock(datetime(2026, 3, 4, tzinfo=UTC)), lambda: "0" * 32)
    write = trail.entry(WHO, "alert.close", "alerts/1", before="x", after="y")
    assert write.version is None, "an entry is added and never changed"
    assert write.value == {
        "at": "2026-03-04T00:00:00.000000Z",
        "actor": "sub",
        "name": "ada",
        "session": "session",
        "source_ip": "203.0.113.9",
        "request_id": "request",
        "action": "alert.close",
        "resource": "alerts/1",
        "before": "x",
        "after": "y",
    }


def test_a_fingerprint_is_of_what_a_record_says() -> None:
    assert fingerprint({"a": 1, "b": [2, "é"]}) == fingerprint({"b": [2, "é"], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
    assert len(fingerprint({"a": "\ud800"})) == 64
