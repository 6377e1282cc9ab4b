"""What every state store promises, held against each adapter."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from mantissa.adapters.local.sqlite import SQLiteState
from mantissa.adapters.memory import MemoryState
from mantissa.errors import Conflict, StoreError
from mantissa.ports import Delete, Put, StateStore
from sim.stores import QuickState
from support.aws_stores import make_state, moto_clients

NOISE = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(128))
"""8 KiB that compress to 4."""


@pytest.fixture(params=["memory", "simulation", "sqlite", "dynamodb on moto"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StateStore]:
    if request.param == "memory":
        yield MemoryState()
    elif request.param == "simulation":
        yield QuickState()
    elif request.param == "sqlite":
        store = SQLiteState(tmp_path / "state.sqlite")
        yield store
        store.close()
    else:
        with moto_clients() as clients:
            yield make_state(clients)


def put_all(state: StateStore, table: str, keys: Iterable[str], rest: str = "") -> None:
    """Write one record under each key, in as large transactions as the store takes."""
    writes = [Put(table, key, {"k": key, "rest": rest}, None) for key in keys]
    most = state.most_writes or len(writes)
    for start in range(0, len(writes), most):
        state.transact(writes[start : start + most])


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
    # A page is 1,000 records in SQLite and 1 MiB in DynamoDB.
    count, rest = (2_500, "") if state.most_writes is None else (400, NOISE)
    keys = [f"a/{n:05d}" for n in range(count)] + ["b/1"]
    put_all(state, "t", reversed(keys), rest)
    assert [i.key for i in state.query("t", "a/")] == keys[:-1]
    assert [i.key for i in state.query("t")] == keys
    assert list(state.query("u")) == []


@pytest.mark.parametrize("table", ["t", "ledger", "seen"])
def test_query_goes_on_behind_a_key_that_need_not_be_there(state: StateStore, table: str) -> None:
    keys = [f"{n:02x}-padded" for n in range(0, 250, 3)] + ["z", "ä", "é!1", "日本"]
    put_all(state, table, keys)
    assert [i.key for i in state.query(table)] == keys
    assert [i.key for i in state.query(table, after=keys[40])] == keys[41:]
    assert [i.key for i in state.query(table, after="zz")] == keys[-3:]
    assert [i.key for i in state.query(table, "0", "03-padded")] == [
        "06-padded",
        "09-padded",
        "0c-padded",
        "0f-padded",
    ]
    assert [i.key for i in state.query(table, "06-padded")] == ["06-padded"]
    assert list(state.query(table, "0", after="z")) == []


def test_a_transaction_takes_what_it_says_and_no_more(state: StateStore) -> None:
    most = state.most_writes
    if most is None:
        put_all(state, "t", (str(n) for n in range(500)))
        return
    put_all(state, "t", (str(n) for n in range(most)))
    with pytest.raises(StoreError, match=str(most + 1)):
        state.transact([Put("u", str(n), {}, None) for n in range(most + 1)])
    assert list(state.query("u")) == []


def test_values_of_any_json_come_back(state: StateStore) -> None:
    value = {
        "text": "é日\u0000😀",
        "none": None,
        "n": [1, -2, 1.5, 2**53],
        "": {"deep": [{}]},
    }
    state.put(Put("t", "k", value, None))
    assert state.get("t", "k").value == value  # type: ignore[union-attr]
    large = {"text": "".join(f"{n:x}" for n in range(30_000))}
    state.put(Put("ledger", "a" * 64, large, None))
    assert [i.value for i in state.query("ledger", "a" * 64)] == [large]


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
