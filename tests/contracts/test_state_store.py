"""What every state store promises, held against each adapter."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mantissa.adapters.local.sqlite import SQLiteState
from mantissa.adapters.memory import MemoryState
from mantissa.errors import Conflict
from mantissa.ports import Delete, Put, StateStore


@pytest.fixture(params=["memory", "sqlite"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StateStore]:
    if request.param == "memory":
        yield MemoryState()
    else:
        store = SQLiteState(tmp_path / "state.sqlite")
        yield store
        store.close()


def test_absent_is_none(state: StateStore) -> None:
    assert state.get("t", "k") is None


def test_versions_count_writes(state: StateStore) -> None:
    state.put(Put("t", "k", {"n": 1}, None))
    state.put(Put("t", "k", {"n": 2}, 1))
    item = state.get("t", "k")
    assert item is not None
    assert (item.value, item.version) == ({"n": 2}, 2)


def test_a_stale_or_double_write_is_a_conflict(state: StateStore) -> None:
    state.put(Put("t", "k", {"n": 1}, None))
    for version in (None, 2):
        with pytest.raises(Conflict, match="t/k"):
            state.put(Put("t", "k", {"n": 9}, version))
    assert state.get("t", "k").value == {"n": 1}  # type: ignore[union-attr]


def test_a_transaction_is_all_or_nothing(state: StateStore) -> None:
    state.put(Put("t", "old", {}, None))
    with pytest.raises(Conflict):
        state.transact([Put("t", "new", {}, None), Delete("t", "old", 7)])
    assert [i.key for i in state.query("t")] == ["old"]
    state.transact([Put("t", "new", {}, None), Delete("t", "old", 1)])
    assert [i.key for i in state.query("t")] == ["new"]


def test_a_transaction_sees_only_versions_read_before_it(state: StateStore) -> None:
    with pytest.raises(Conflict):
        state.transact([Put("t", "k", {}, None), Put("t", "k", {}, None)])
    assert state.get("t", "k") is None


def test_query_is_by_key_and_prefix_over_many_pages(state: StateStore) -> None:
    keys = [f"a/{n:05d}" for n in range(2_500)] + ["b/1"]
    state.transact([Put("t", key, {"k": key}, None) for key in reversed(keys)])
    assert [i.key for i in state.query("t", "a/")] == keys[:-1]
    assert [i.key for i in state.query("t")] == keys
    assert list(state.query("u")) == []


def test_values_are_isolated_from_the_caller(state: StateStore) -> None:
    value = {"list": [1]}
    state.put(Put("t", "k", value, None))
    value["list"].append(2)
    assert state.get("t", "k").value == {"list": [1]}  # type: ignore[union-attr]


def test_of_many_concurrent_increments_none_is_lost(state: StateStore) -> None:
    state.put(Put("t", "n", {"n": 0}, None))

    def increment() -> None:
        for _ in range(20):
            while True:
                item = state.get("t", "n")
                assert item is not None
                try:
                    state.put(Put("t", "n", {"n": item.value["n"] + 1}, item.version))
                except Conflict:
                    continue
                break

    threads = [threading.Thread(target=increment) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state.get("t", "n").value == {"n": 80}  # type: ignore[union-attr]


def test_sqlite_survives_being_opened_again(tmp_path: Path) -> None:
    first = SQLiteState(tmp_path / "s.sqlite")
    first.put(Put("t", "k", {"n": 1}, None))
    first.close()
    second = SQLiteState(tmp_path / "s.sqlite")
    assert second.get("t", "k").value == {"n": 1}  # type: ignore[union-attr]
    second.close()
