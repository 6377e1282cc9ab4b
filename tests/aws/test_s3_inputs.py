"""Raw objects in S3 are named, expanded and kept steady just as files on a laptop are."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mantissa.adapters.aws.inputs import S3Inputs
from mantissa.adapters.aws.session import Clients
from mantissa.adapters.aws.spool import Spool
from mantissa.adapters.local.inputs import FileInputs, expand
from mantissa.adapters.memory import MemoryState
from mantissa.errors import AccessDenied, Conflict, KeyDenied, ObjectNotFound, StoreError
from mantissa.lake.seen import Seen
from mantissa.sources.record import Limits
from support.aws_faults import Network, cut, never, refused
from support.aws_faults import no_waiting as no_waiting
from support.aws_stores import RAW, moto_clients

pytestmark = pytest.mark.usefixtures("no_waiting")
LIMITS = Limits()
NO_ROOM = Spool(room=lambda: 0)
Make = Callable[..., S3Inputs]


@pytest.fixture
def clients() -> Iterator[Clients]:
    with moto_clients() as clients:
        clients.s3.create_bucket(Bucket=RAW)
        yield clients


@pytest.fixture
def network(clients: Clients) -> Network:
    return Network(clients.s3)


@pytest.fixture
def seen() -> Seen:
    return Seen(MemoryState())


@pytest.fixture
def make(clients: Clients, seen: Seen, tmp_path: Path) -> Make:
    folder = tmp_path / "spool"
    folder.mkdir()

    def made(spool: Spool | None = None) -> S3Inputs:
        return S3Inputs(clients.s3, seen, LIMITS, spool=spool or Spool(folder), pause=never)

    return made


def put(clients: Clients, key: str, data: bytes) -> str:
    clients.s3.put_object(Bucket=RAW, Key=key, Body=data)
    return f"s3://{RAW}/{key}"


def zip_of(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def tar_of(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def read(inputs: S3Inputs | FileInputs, key: str) -> bytes:
    with inputs.open(key) as stream:
        return stream.read()


KEYS = [
    "a.log",
    "a!b.log",
    "a!b/c!d.log",
    "per%20cent+plus é.log",
    "x/.hidden",
    "folder/",
    "日" * 300,
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("spool", [None, NO_ROOM])
def test_any_object_is_named_by_its_content_and_read_back(
    clients: Clients, make: Make, key: str, spool: Spool | None
) -> None:
    uri = put(clients, key, b"content")
    inputs = make(spool)
    info = inputs.head(uri)
    assert (info.key, info.size) == (uri, 7)
    assert info.identity == hashlib.sha256(b"content").hexdigest()
    assert read(inputs, uri) == b"content"
    with inputs.hold(uri) as held:
        assert list(held.keys) == [uri]
        assert inputs.head(uri).identity == info.identity
        assert read(inputs, uri) == b"content"


CONTENT = {"x/1.log": b"one", "x/2!3.log": b"two", "é/" + "n" * 400: b"three", "../up": b"four"}


@pytest.mark.parametrize(
    "pack", [zip_of, tar_of, lambda m: zip_of(m)[:-30], lambda m: tar_of(m)[:-60]]
)
@pytest.mark.parametrize("folder", ["in", "a!b"])
def test_members_are_what_they_are_on_a_laptop(
    clients: Clients, make: Make, tmp_path: Path, pack: Callable[..., bytes], folder: str
) -> None:
    data = pack(CONTENT)
    path = tmp_path / folder / "all.bin"
    path.parent.mkdir()
    path.write_bytes(data)
    uri = put(clients, f"{folder}/all.bin", data)
    there, here = FileInputs(LIMITS), make()
    expected = list(expand([str(path)], LIMITS))
    with here.hold(uri) as held:
        keys = list(held.keys)
        assert [k.removeprefix(uri) for k in keys] == [k.removeprefix(str(path)) for k in expected]
        for key, known in zip(keys, expected, strict=True):
            left, right = here.head(key), there.head(known)
            assert (left.identity, left.size) == (right.identity, right.size)
            assert read(here, key) == read(there, known)
    for key in keys:
        assert here.head(key).key == key


def test_an_archive_is_read_from_s3_once_for_all_its_members(
    clients: Clients, make: Make, network: Network
) -> None:
    uri = put(clients, "a.zip", zip_of({f"{n}.log": b"%d" % n for n in range(30)}))
    inputs = make()
    with inputs.hold(uri) as held:
        for key in held.keys:
            inputs.head(key)
            read(inputs, key)
            read(inputs, key)
    assert network.count("GetObject") == 1


def test_an_object_is_read_from_s3_once(clients: Clients, make: Make, network: Network) -> None:
    uri = put(clients, "a.log", b"content")
    inputs = make()
    with inputs.hold(uri):
        inputs.head(uri)
        read(inputs, uri)
        read(inputs, uri)
    assert network.count("GetObject") == 1


def test_what_was_seen_is_named_without_reading_it(
    clients: Clients, make: Make, seen: Seen, network: Network
) -> None:
    uri = put(clients, "a.log", b"content")
    first = make().head(uri)
    network.add("GetObject", cut(0))
    assert make().head(uri) == first
    assert network.count("GetObject") == 2
    seen.complete(first)
    network.add("GetObject", cut(0))
    with make().hold(uri) as held:
        assert (held.complete, list(held.keys)) == (True, [])


def test_an_object_that_was_put_again_is_not_what_was_seen(
    clients: Clients, make: Make, seen: Seen
) -> None:
    uri = put(clients, "a.log", b"content")
    inputs = make()
    seen.complete(inputs.head(uri))
    put(clients, "a.log", b"another")
    assert inputs.head(uri).identity == hashlib.sha256(b"another").hexdigest()
    with inputs.hold(uri) as held:
        assert not held.complete
        assert read(inputs, uri) == b"another"


def test_what_is_held_stays_what_it_is(clients: Clients, make: Make) -> None:
    uri = put(clients, "a.log", b"content")
    inputs = make()
    with inputs.hold(uri):
        put(clients, "a.log", b"another")
        assert inputs.head(uri).identity == hashlib.sha256(b"content").hexdigest()
        assert read(inputs, uri) == b"content"
    assert read(inputs, uri) == b"another"


@pytest.mark.parametrize("spool", [None, NO_ROOM])
def test_what_changed_after_it_was_described_is_a_conflict(
    clients: Clients, make: Make, seen: Seen, spool: Spool | None
) -> None:
    uri = put(clients, "a.log", b"content")
    make().head(uri)
    inputs = make(spool)
    inputs.head(uri)
    put(clients, "a.log", b"another")
    with pytest.raises(Conflict):
        read(inputs, uri)
    inputs.head(uri)
    assert read(inputs, uri) == b"another"


def test_a_large_object_that_changes_while_it_is_held_is_a_conflict(
    clients: Clients, make: Make
) -> None:
    uri = put(clients, "a.log", b"content")
    inputs = make(Spool(room=lambda: 10))
    with inputs.hold(uri):
        assert read(inputs, uri) == b"content"
        put(clients, "a.log", b"another")
        with pytest.raises(Conflict):
            read(inputs, uri)


def test_a_seen_object_whose_content_is_another_is_a_conflict(
    clients: Clients, make: Make, seen: Seen
) -> None:
    """As when the same ETag stands for two contents: nothing is ingested under a wrong name."""
    from dataclasses import replace

    uri = put(clients, "a.log", b"content")
    seen.note(replace(make().head(uri), identity="0" * 64))
    inputs = make()
    assert inputs.head(uri).identity == "0" * 64
    with pytest.raises(Conflict, match="not what it was"):
        read(inputs, uri)


def test_an_archive_for_which_there_is_no_room_names_the_setting(
    clients: Clients, make: Make
) -> None:
    uri = put(clients, "a.zip", zip_of(CONTENT))
    with pytest.raises(StoreError, match="no room") as caught, make(NO_ROOM).hold(uri):
        pass
    assert "ephemeral_storage" in str(caught.value.fix)
    assert caught.value.where == uri


def test_nothing_is_left_on_the_disk(clients: Clients, make: Make, tmp_path: Path) -> None:
    uri = put(clients, "a.log", b"content" * 100_000)
    inputs = make()
    with inputs.hold(uri):
        assert len(os.listdir(tmp_path / "spool")) == 1
        stream = inputs.open(uri)
    assert os.listdir(tmp_path / "spool") == []
    with stream:
        assert len(stream.read()) == 700_000
    with pytest.raises(ZeroDivisionError), inputs.hold(uri):
        _ = 1 / 0
    assert os.listdir(tmp_path / "spool") == []
    inputs.head(put(clients, "b.log", b"b"))
    inputs.release()
    assert os.listdir(tmp_path / "spool") == []


def test_a_connection_that_dies_while_it_is_copied_is_read_on(
    clients: Clients, make: Make, network: Network
) -> None:
    data = os.urandom(3_000_000)
    uri = put(clients, "a.log", data)
    network.add("GetObject", cut(1_000_001), cut(500_000))
    inputs = make()
    assert inputs.head(uri).identity == hashlib.sha256(data).hexdigest()
    assert read(inputs, uri) == data


@pytest.mark.parametrize(
    "key",
    [f"s3://{RAW}/gone", f"s3://{RAW}/gone.zip!a", f"s3://{RAW}/", "s3://", "message:x", "/etc"],
)
def test_what_is_not_there_is_told_by_name(make: Make, key: str) -> None:
    for ask in (make().head, make().open):
        with pytest.raises(ObjectNotFound) as caught:
            ask(key)
        assert caught.value.where == key


def test_a_bucket_that_is_gone_is_not_an_object_that_is_gone(make: Make) -> None:
    with pytest.raises(StoreError) as caught:
        make().head("s3://mantissa-test-gone/a.log")
    assert type(caught.value) is StoreError


def test_what_we_may_not_read_is_told_apart(clients: Clients, make: Make, network: Network) -> None:
    uri = put(clients, "a.log", b"x")
    network.add("GetObject", refused(403, "AccessDenied"), refused(400, "KMS.DisabledException"))
    for error in (AccessDenied, KeyDenied):
        with pytest.raises(AccessDenied) as caught, make().hold(uri):
            pass
        assert type(caught.value) is error
        assert caught.value.where == uri


def test_a_member_that_is_not_there_is_told_by_its_key(clients: Clients, make: Make) -> None:
    uri = put(clients, "a.zip", zip_of({"1": b"one"}))
    with pytest.raises(ObjectNotFound, match="no member 2") as caught:
        make().head(f"{uri}!2")
    assert caught.value.where == f"{uri}!2"


def test_a_bucket_is_listed_by_key_from_anywhere(clients: Clients, make: Make) -> None:
    keys = sorted(["a/1", "a b+c", "é", "日", "a/2", "Z"])
    uris = [put(clients, key, b"x") for key in keys]
    inputs = make()
    listed = list(inputs.listing(RAW))
    assert [i.key for i in listed] == uris
    assert [i.key for i in inputs.listing(RAW, uris[2])] == uris[3:]
    head = inputs.head(uris[0])
    assert (listed[0].etag, listed[0].size) == (head.etag, head.size)
    assert listed[0].modified == head.modified
