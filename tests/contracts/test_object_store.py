"""What every object store promises, held against each adapter."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mantissa.adapters.aws.s3 import S3Objects
from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.memory import ManualClock, MemoryObjects
from mantissa.errors import ObjectNotFound, StoreError
from mantissa.ports import ObjectStore
from support.aws_stores import LAKE, moto_clients

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["memory", "files", "s3 on moto", "s3 on moto, with a prefix"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "memory":
        yield MemoryObjects(ManualClock(START))
    elif request.param == "files":
        yield FileObjects(tmp_path)
    else:
        with moto_clients() as clients:
            prefix = "tenant-1/" if "prefix" in request.param else ""
            clients.s3.create_bucket(Bucket=LAKE)
            clients.s3.put_object(Bucket=LAKE, Key="tenant-0/lake/b/0", Body=b"a neighbour's")
            if not prefix:
                clients.s3.delete_object(Bucket=LAKE, Key="tenant-0/lake/b/0")
            yield S3Objects(clients.s3, LAKE, prefix)


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


def test_a_stream_can_be_read_from_any_place(store: ObjectStore) -> None:
    data = bytes(range(256)) * 5000
    store.put_if_absent("k", data)
    with store.open("k") as stream:
        assert stream.read(10) == data[:10]
        stream.seek(-6, 2)
        assert stream.read() == data[-6:]
        stream.seek(1_000_000)
        assert stream.read(300_000) == data[1_000_000:]
        assert stream.read() == b""


@pytest.mark.parametrize("key", ["a b/ü", "a+b", "100%/%2F", "x=1/y&z", "日本.parquet"])
def test_any_key_comes_back_as_it_was(store: ObjectStore, key: str) -> None:
    assert store.put_if_absent(key, b"")
    assert [(i.key, i.size) for i in store.list("")] == [(key, 0)]
    assert store.head(key).key == key
    assert store.get(key) == b""


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
