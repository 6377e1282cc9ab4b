"""What the books know of columns that nobody fills, and of tables that fell silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.adapters.memory import ManualClock, MemoryObjects, MemoryState
from mantissa.lake.books import partition_writes, recent_shares
from mantissa.lake.manifest import file_from_json, file_summary, members
from mantissa.lake.parquet import Part, empty_columns, write_part
from mantissa.lake.presence import Presence, presence
from mantissa.model import Column, DataFile, Table

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GATE = Table("gate", tuple(Column(name, "string") for name in ("a", "b", "c")))
DAYS = ("2026-11-18", "2026-11-19", "2026-11-20")


def rows(day: str, *values: Mapping[str, str]) -> pa.Table:
    time = datetime.fromisoformat(f"{day}T01:00:00+00:00")
    return pa.table(
        {
            "event_id": [f"{n}" for n in range(len(values))],
            "event_time": pa.array([time] * len(values), pa.timestamp("ms", "UTC")),
            **{n: pa.array([v.get(n) for v in values], pa.string()) for n in ("a", "b")},
            "event_date": [day] * len(values),
        }
    )


def commit(state: MemoryState, identity: str, table: pa.Table, at: datetime = NOW) -> None:
    """Write a file and add it to its partition's totals."""
    part = Part("gate", f"{identity}-plan-00000")
    files = list(write_part(MemoryObjects(ManualClock(NOW)), part, table))
    for write in partition_writes(state, identity, files, at.isoformat()):
        state.put(write)


def of_gate(state: MemoryState, first_day: str = DAYS[0]) -> Presence:
    return presence(state, [GATE], first_day)["gate"]


def test_columns_without_a_value_are_known_from_the_rows() -> None:
    table = rows(DAYS[0], {"a": "x"}, {"a": ""})
    assert empty_columns(table) == ("b",)
    assert empty_columns(table.slice(0, 0)) == tuple(sorted(table.column_names))


def test_a_column_is_unfilled_until_one_object_fills_it() -> None:
    state = MemoryState()
    commit(state, "1" * 64, rows(DAYS[0], {"a": "x"}))
    assert of_gate(state).unfilled == {"b", "c"}
    commit(state, "1" * 63 + "2", rows(DAYS[0], {"b": "x"}))
    assert of_gate(state).unfilled == {"c"}
    commit(state, "2" * 64, rows(DAYS[1], {"a": "x"}))
    assert of_gate(state).unfilled == {"c"}
    assert of_gate(state, DAYS[1]).unfilled == {"b", "c"}


def test_what_was_committed_before_the_books_knew_columns_is_not_guessed() -> None:
    state = MemoryState()
    old = DataFile("lake/gate/x", "gate", DAYS[0], 1, 10, "", "", {"a": 5})
    for write in partition_writes(state, "1" * 64, [old], ""):
        state.put(write)
    commit(state, "1" * 63 + "2", rows(DAYS[0], {"b": "x"}))
    assert of_gate(state).unfilled is None


def test_only_the_days_asked_for_count() -> None:
    state = MemoryState()
    commit(state, "1" * 64, rows(DAYS[0], {"a": "x"}), NOW - timedelta(hours=30))
    commit(state, "2" * 64, rows(DAYS[2], {"a": "x"}, {"b": "x"}), NOW - timedelta(hours=2))
    assert [s.event_date for s in recent_shares(state, "gate", DAYS[1])] == [DAYS[2]]
    found = of_gate(state, DAYS[1])
    assert (found.rows, found.ever) == (2, True)
    assert found.silent_for(NOW) == timedelta(hours=2)
    gone = of_gate(state, "2026-11-21")
    assert (gone.rows, gone.ever, gone.unfilled) == (0, True, None)


def test_an_object_of_very_many_days_is_seen() -> None:
    state = MemoryState()
    days = [f"2026-{month:02d}-{day:02d}" for month in (9, 10, 11) for day in range(1, 29)]
    commit(state, "1" * 64, pa.concat_tables([rows(day, {"a": "x"}) for day in days]))
    found = of_gate(state, "2026-11-20")
    assert (found.rows, found.unfilled) == (9, {"b", "c"})


def test_a_table_without_rows_has_never_had_any() -> None:
    assert of_gate(MemoryState()) == Presence(0, False)


def test_a_description_survives_its_manifest_and_the_ledger_keeps_it_short() -> None:
    (file,) = write_part(
        MemoryObjects(ManualClock(NOW)), Part("gate", "x"), rows(DAYS[0], {"a": "x"})
    )
    assert file.empty == ("b",)
    as_json: dict[str, Any] = {**members(file), "empty": list(file.empty)}
    assert file_from_json(as_json) == file
    before = {k: v for k, v in as_json.items() if k != "empty"}
    assert file_from_json(before).empty is None
    assert not {"empty", "column_bytes"} & file_summary(file).keys()


VALUES = st.fixed_dictionaries({}, optional={"a": st.just("x"), "b": st.just("y")})


@given(st.lists(st.lists(VALUES, min_size=1, max_size=4), min_size=1, max_size=5), st.randoms())
def test_unfilled_is_what_no_row_of_any_object_holds(
    objects: Sequence[Sequence[Mapping[str, str]]], random: Any
) -> None:
    state = MemoryState()
    for number, values in enumerate(objects):
        identity = f"{random.randrange(16):x}" + f"{number:063x}"
        commit(state, identity, rows(random.choice(DAYS), *values))
    filled = {name for values in objects for value in values for name in value}
    assert of_gate(state).unfilled == {"a", "b", "c"} - filled


@pytest.mark.parametrize("committed_at", ["", NOW.isoformat()])
def test_without_a_time_of_arrival_the_newest_event_stands_for_it(committed_at: str) -> None:
    state = MemoryState()
    file = DataFile("k", "gate", DAYS[2], 1, 1, "", "2026-11-20T09:00:00.000Z", {}, ())
    for write in partition_writes(state, "1" * 64, [file], committed_at):
        state.put(write)
    expected = timedelta(0) if committed_at else timedelta(hours=3)
    assert of_gate(state).silent_for(NOW) == expected
