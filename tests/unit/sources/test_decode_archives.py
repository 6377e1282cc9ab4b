"""Members of zip and tar archives."""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import tarfile
import zipfile
import zlib

import pytest
import zstandard

from mantissa.errors import ObjectNotFound
from mantissa.sources.archives import UNLISTED, is_archive, member, member_names, members
from mantissa.sources.decoding.pieces import Bounds
from mantissa.sources.record import Limits
from support.decoding import Outcome, Trickle, outcome

FILES = {"a/one.json": b'{"a":1}\n', "b/two.json.gz": gzip.compress(b'{"b":2}\n'), "empty": b""}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a/", b"")
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        folder = tarfile.TarInfo("a")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zst(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


ARCHIVES = {
    "zip": zipped(FILES),
    "stored zip": zipped(FILES, zipfile.ZIP_STORED),
    "bzip2 zip": zipped(FILES, zipfile.ZIP_BZIP2),
    "tar": tarred(FILES),
    "tar.gz": gzip.compress(tarred(FILES)),
    "tar.zst": zst(tarred(FILES)),
    "tar.bz2": bz2.compress(tarred(FILES)),
}


def read(data: bytes, **limits: int) -> dict[str, bytes]:
    return {name: s.read() for name, s in members(io.BytesIO(data), "x", Bounds(**limits))}


def decoded(data: bytes, **limits: int) -> dict[str, Outcome]:
    found = members(io.BytesIO(data), "x.zip", Bounds(**limits))
    return {name: outcome(stream, name) for name, stream in found}


@pytest.mark.parametrize("data", ARCHIVES.values(), ids=ARCHIVES.keys())
def test_members(data: bytes) -> None:
    assert is_archive(io.BytesIO(data))
    assert read(data) == FILES
    assert list(member_names(io.BytesIO(data), "x", Limits())) == list(FILES)
    assert member(io.BytesIO(data), "x", Limits(), "b/two.json.gz").read() == FILES["b/two.json.gz"]
    slow = members(Trickle(data, (7, 100)), "x", Limits())  # type: ignore[arg-type]
    assert {name: stream.read() for name, stream in slow} == FILES


def test_what_is_no_archive() -> None:
    for data in (
        b"",
        b"PK",
        b'{"a":1}',
        gzip.compress(b'{"a":1}'),
        gzip.compress(FILES["a/one.json"] * 9000),
    ):
        stream = io.BytesIO(data)
        assert not is_archive(stream)
        assert stream.tell() == 0


def test_content_outlives_the_archive() -> None:
    stream = io.BytesIO(ARCHIVES["tar.gz"])
    contents = [content for _, content in members(stream, "x", Limits())]
    stream.close()
    assert [content.read() for content in contents] == list(FILES.values())


def test_names_are_cleaned_and_kept_apart() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("../../etc/passwd", "/abs", "a\\b", "x\u202ey\x1b[0m", "abs", ".."):
            archive.writestr(name, name)
    assert list(read(out.getvalue())) == ["etc/passwd", "abs", "a/b", "x_y_[0m", "abs~2", "member"]


def test_a_nested_archive_is_one_bad_record() -> None:
    found = decoded(zipped({"in.zip": ARCHIVES["zip"]}))
    assert found["in.zip"].reasons == ["bad_format"]


def test_an_encrypted_member_is_one_bad_record() -> None:
    data = bytearray(zipped({"s.json": b'{"a":1}', "t.json": b'{"a":2}'}))
    data[data.index(b"s.json") - 30 + 6] |= 1
    data[data.rindex(b"s.json") - 46 + 8] |= 1
    found = decoded(bytes(data))
    assert found["s.json"].reasons == ["bad_format"]
    assert "encrypted" in found["s.json"].bad[0].detail
    assert found["t.json"].good == [b'{"a":2}']


def test_a_damaged_member_keeps_what_can_be_read() -> None:
    data = bytearray(zipped({"s.json": b'{"a":1}\n' * 9}, zipfile.ZIP_STORED))
    at = data.index(b'{"a":1}')
    data[at + 5] = ord("2")
    found = decoded(bytes(data))["s.json"]
    assert found.reasons == ["bad_format"]
    assert "damaged" in found.bad[0].detail


@pytest.mark.parametrize("kind", ARCHIVES)
def test_cut_archives_say_so(kind: str) -> None:
    data = ARCHIVES[kind]
    found = decoded(data[: 512 * 5 - 10 if kind == "tar" else len(data) * 2 // 3])
    assert any(o.bad for o in found.values())


def test_too_many_members() -> None:
    files = {f"{n}.json": b'{"a":1}' for n in range(30)}
    for data in (zipped(files), tarred(files)):
        found = decoded(data, max_members=10)
        assert len(found) in (10, 11)
        assert found[UNLISTED].reasons == ["bomb_bytes"]


def test_a_million_entries_are_never_listed() -> None:
    entry = (
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *[0] * 6, *[0] * 3, 1, *[0] * 4, *[0] * 2) + b"a"
    )
    directory = entry * 1_000_000
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 4, 0)
    found = decoded(b"PK\x03\x04" + directory + end)
    assert list(found) == [UNLISTED]
    assert found[UNLISTED].reasons == ["bomb_bytes"]


def test_member_bombs_stop() -> None:
    data = zipped({"z": bytes(8 << 20)})
    by_ratio = decoded(data, ratio_after=1 << 20)["z"]
    assert by_ratio.reasons[-1] == "bomb_ratio"
    by_bytes = decoded(data, max_bytes=1 << 20)["z"]
    assert by_bytes.reasons[-1] == "bomb_bytes"


def test_tar_headers_are_bounded() -> None:
    info = tarfile.TarInfo("long")
    info.type = tarfile.XHDTYPE
    info.size = 1 << 40
    found = decoded(info.tobuf() + bytes(1024))
    assert found[UNLISTED].reasons == ["bad_format"]


def test_unknown_member() -> None:
    with pytest.raises(ObjectNotFound):
        member(io.BytesIO(ARCHIVES["zip"]), "x", Limits(), "none")


def test_cut_tar_within_gzip_names_the_reason() -> None:
    engine = zlib.compressobj(6, zlib.DEFLATED, 31)
    data = engine.compress(tarred({"a": b"x" * 20_000})[:9000]) + engine.flush(zlib.Z_SYNC_FLUSH)
    found = decoded(data)
    assert found["a"].reasons == ["bad_format"]
    assert found[UNLISTED].reasons == ["truncated_gzip"]
