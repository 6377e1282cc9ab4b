"""A push makes the bucket's configuration what the home's is, and touches nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mantissa.adapters.memory import ManualClock, MemoryObjects
from mantissa.lake.configuration import Difference, compare, push

A, B, SOURCE, SETTINGS = (
    "config/rules/a.yml",
    "config/rules/deep/b.yml",
    "config/sources/x/source.yaml",
    "config/mantissa.toml",
)
FILES = {A: b"a", B: b"b", SOURCE: b"s", SETTINGS: b"t"}


class Store(MemoryObjects):
    """A memory store that can replace, and remembers in which order it was written to."""

    def __init__(self) -> None:
        super().__init__(ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
        self.done: list[str] = []

    def replace(self, key: str, data: bytes) -> None:
        super().delete(key)
        assert self.put_if_absent(key, data)
        self.done.append(f"+{key}")

    def delete(self, key: str) -> None:
        super().delete(key)
        self.done.append(f"-{key}")

    def content(self) -> dict[str, bytes]:
        return {info.key: self.get(info.key) for info in self.list("")}


@pytest.fixture
def store() -> Store:
    store = Store()
    push(store, FILES)
    store.done.clear()
    return store


def test_everything_is_written_to_an_empty_bucket() -> None:
    store = Store()
    done = push(store, FILES)
    assert store.content() == FILES
    assert done == Difference(tuple(sorted(FILES)), (), (), (), ())


def test_sources_go_first_and_settings_last() -> None:
    store = Store()
    push(store, FILES)
    assert store.done == [f"+{key}" for key in (SOURCE, A, B, SETTINGS)]


def test_a_second_push_does_nothing(store: Store) -> None:
    done = push(store, FILES)
    assert store.done == []
    assert done == Difference((), (), tuple(sorted(FILES)), (), ())


@pytest.mark.parametrize("content", [b"z", b"longer"])
def test_only_what_changed_is_written(store: Store, content: bytes) -> None:
    done = push(store, FILES | {B: content})
    assert store.done == [f"+{B}"]
    assert (done.new, done.changed) == ((), (B,))
    assert store.get(B) == content


def test_what_is_gone_stays_unless_pruned_and_is_told(store: Store) -> None:
    fewer = {A: b"a", SETTINGS: b"t"}
    assert push(store, fewer).stale == (B, SOURCE)
    assert store.content() == FILES
    done = push(store, fewer, prune=True)
    assert (done.deleted, done.stale) == ((B, SOURCE), ())
    assert store.content() == fewer


def test_settings_and_what_is_not_configuration_are_never_pruned(store: Store) -> None:
    for key in ("lake/t/event_date=2026-01-01/x.parquet", "config/other.json", "config/rules/"):
        store.put_if_absent(key, b"")
    before = set(store.content())
    done = push(store, {A: b"a"}, prune=True)
    assert before - set(store.content()) == {B, SOURCE}
    assert done.deleted == (B, SOURCE)


def test_a_rule_that_moves_is_never_absent(store: Store) -> None:
    moved = {key: data for key, data in FILES.items() if key != A} | {"config/rules/c.yml": b"a"}
    push(store, moved, prune=True)
    assert store.done == ["+config/rules/c.yml", f"-{A}"]


def test_comparing_changes_nothing_and_says_what_pushing_does(store: Store) -> None:
    wanted = {A: b"new", SETTINGS: b"t", "config/rules/c.yml": b"c"}
    said = compare(store, wanted, prune=True)
    assert store.done == []
    assert store.content() == FILES
    assert push(store, wanted, prune=True) == said


def test_the_document_counts_and_names() -> None:
    difference = Difference(("n",), ("c",), ("u1", "u2"), ("d",), ("s",))
    assert difference.to_json() == {
        "uploaded": ["c", "n"],
        "new": ["n"],
        "changed": ["c"],
        "unchanged": 2,
        "deleted": ["d"],
        "stale": ["s"],
        "kept": [],
    }


def test_what_is_to_be_kept_is_written_once_and_never_replaced(store: Store) -> None:
    done = push(store, FILES | {SETTINGS: b"mine", A: b"mine"}, keep=[SETTINGS])
    assert (done.changed, done.kept) == ((A,), (SETTINGS,))
    assert store.get(SETTINGS) == b"t"
    empty = Store()
    assert SETTINGS in push(empty, FILES, keep=[SETTINGS]).new
    assert push(store, FILES | {A: b"mine"}, keep=[SETTINGS]).kept == ()
