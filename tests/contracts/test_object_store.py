"""What every object store promises, held against each adapter."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.memory import ManualClock, MemoryObjects
from mantissa.errors import ObjectNotFound, StoreError
from mantissa.ports import ObjectStore

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["memory", "files"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    made: dict[str, Callable[[], ObjectStore]] = {
        "memory": lambda: MemoryObjects(ManualClock(START)),
        "files": lambda: FileObjects(tmp_path),
    }
    return made[request.param]()


def test_reads_back_what_was_put(store: ObjectStore) -> None:
    assert store.put_if_absent("a/b/c.bin", b"\x00content")
    assert store.get("a/b/c.bin") == b"\x00content"
    with store.open("a/b/c.bin") as stream:
        assert stream.read() == b"\x00content"


def test_the_first_writer_wins(store: ObjectStore) -> None:
    assert store.put_if_absent("k", b"first") is True
    assert store.put_if_absent("k", b"second") is False
    assert store.get("k") == b"first"


def test_head_describes_without_the_key_in_the_identity(store: ObjectStore) -> None:
    store.put_if_absent("one", b"same")
    store.put_if_absent("two", b"same")
    store.put_if_absent("three", b"other")
    one, two, three = store.head("one"), store.head("two"), store.head("three")
    assert (one.size, one.key, one.modified.tzinfo) == (4, "one", UTC)
    assert one.identity == two.identity != three.identity
    assert len(one.identity) == 64


@pytest.mark.parametrize("call", ["head", "get", "open"])
def test_an_absent_key_is_an_error_that_names_it(store: ObjectStore, call: str) -> None:
    with pytest.raises(ObjectNotFound, match="nowhere"):
        getattr(store, call)("nowhere")


def test_lists_by_key_with_a_prefix_that_need_not_be_a_folder(store: ObjectStore) -> None:
    for key in ("lake/b/2", "lake/b/1", "lake/bb/1", "other/1"):
        store.put_if_absent(key, b"x")
    assert [i.key for i in store.list("lake/b")] == ["lake/b/1", "lake/b/2", "lake/bb/1"]
    assert [i.key for i in store.list("lake/b/")] == ["lake/b/1", "lake/b/2"]
    assert list(store.list("absent/")) == []


def test_delete_twice_is_fine(store: ObjectStore) -> None:
    store.put_if_absent("k", b"x")
    store.delete("k")
    store.delete("k")
    assert list(store.list("")) == []


def test_only_one_of_many_concurrent_writers_wins(store: ObjectStore) -> None:
    won: list[bytes] = []

    def write(data: bytes) -> None:
        if store.put_if_absent("contended", data):
            won.append(data)

    threads = [threading.Thread(target=write, args=(b"%d" % n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.get("contended")] == won


@pytest.mark.parametrize("key", ["../up", "/absolute", "a//b", "a/./b", "nul\0", ""])
def test_files_refuse_keys_that_leave_the_root(tmp_path: Path, key: str) -> None:
    with pytest.raises(StoreError):
        FileObjects(tmp_path / "root").put_if_absent(key, b"x")
    assert not (tmp_path / "up").exists()


def test_files_never_list_what_a_killed_writer_left(tmp_path: Path) -> None:
    files = FileObjects(tmp_path)
    files.put_if_absent("lake/t/a.parquet", b"x")
    (tmp_path / "lake/t/.tmp-99-b.parquet").write_bytes(b"half")
    assert [i.key for i in files.list("lake/")] == ["lake/t/a.parquet"]
    assert files.sweep_temporary(older_than_seconds=-1) == 1
    assert not (tmp_path / "lake/t/.tmp-99-b.parquet").exists()
