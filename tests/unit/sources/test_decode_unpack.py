"""Compressed objects: by content, not by name; damaged ones keep what can be read."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import zlib

import pytest
import zstandard

from mantissa.errors import StoreTransient
from support.decoding import Trickle, outcome

LINES = [
    b'{"n":%d,"text":"%s"}' % (n, hashlib.sha256(b"%d" % n).hexdigest().encode())
    for n in range(400)
]
TEXT = b"\n".join(LINES) + b"\n"
MANY = TEXT * 20


def zst(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def members(compress, data: bytes, size: int = 5000) -> bytes:
    return b"".join(compress(data[at : at + size]) for at in range(0, len(data), size))


@pytest.mark.parametrize(
    "packed",
    [
        TEXT,
        gzip.compress(TEXT),
        members(gzip.compress, TEXT),
        zst(TEXT),
        members(zst, TEXT),
        bz2.compress(TEXT),
        members(bz2.compress, TEXT),
        gzip.compress(gzip.compress(TEXT)),
        gzip.compress(zst(TEXT)),
        b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zst(TEXT),
    ],
)
@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.zst", "a.bz2"])
def test_any_compression_under_any_name(packed: bytes, name: str) -> None:
    found = outcome(packed, name)
    assert found.good == LINES
    assert found.counts[1:] == (0, 0)


def test_gzip_header_fields_are_skipped() -> None:
    body = gzip.compress(TEXT, mtime=0)[10:]
    header = b"\x1f\x8b\x08\x1e\0\0\0\0\0\x03" + b"\x04\0xtra" + b"name\0" + b"comment\0" + b"\0\0"
    assert outcome(header + body).good == LINES


def test_nothing_is_no_record() -> None:
    for data in (b"", gzip.compress(b""), zst(b""), bz2.compress(b""), b"\n \r\n", b"\xef\xbb\xbf"):
        assert outcome(data).counts == (0, 0, 0)


@pytest.mark.parametrize("pack", [gzip.compress, zst, bz2.compress])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_cut_stream_keeps_its_prefix(pack, share: float) -> None:
    packed = pack(MANY)
    cut = packed[: int(len(packed) * share)]
    found = outcome(cut)
    assert found.good == (LINES * 20)[: len(found.good)]
    assert found.reasons == ["truncated_gzip"]
    last = found.bad[0]
    assert last.truncated
    rest = b"\n".join(LINES * 20)[len(b"\n".join(found.good)) :].lstrip()
    assert rest.startswith(last.raw)
    if pack is gzip.compress:
        expected = zlib.decompressobj(31).decompress(cut)
        assert len(found.good) == expected.count(b"\n")


def test_cut_after_a_whole_json_line_without_newline_keeps_it() -> None:
    engine = zlib.compressobj(6, zlib.DEFLATED, 31)
    packed = engine.compress(TEXT[:-1]) + engine.flush(zlib.Z_SYNC_FLUSH)
    found = outcome(packed)
    assert found.good == LINES
    assert found.reasons == ["truncated_gzip"]
    assert found.bad[0].raw == b""


def test_cut_text_line_is_not_taken_for_a_record() -> None:
    engine = zlib.compressobj(6, zlib.DEFLATED, 31)
    packed = engine.compress(b"one two\nthree fo") + engine.flush(zlib.Z_SYNC_FLUSH)
    found = outcome(packed)
    assert found.good == [b"one two"]
    assert [bad.raw for bad in found.bad] == [b"three fo"]
    assert found.reasons == ["truncated_gzip"]


@pytest.mark.parametrize("size", [0, 1, 5, 9, 12])
def test_cut_in_the_gzip_header(size: int) -> None:
    packed = members(gzip.compress, TEXT, len(TEXT) // 2)
    first = gzip.compress(TEXT[: len(TEXT) // 2])
    found = outcome(packed[: len(first) + size])
    assert found.reasons == ["truncated_gzip" if size else "bad_json"]
    assert found.good == LINES[: len(found.good)]
    assert len(found.good) >= 199


def test_cut_in_the_gzip_checksum() -> None:
    found = outcome(gzip.compress(TEXT)[:-3])
    assert found.good == LINES
    assert found.reasons == ["truncated_gzip"]


def test_wrong_checksum_is_told_and_later_members_are_read() -> None:
    first = bytearray(gzip.compress(TEXT))
    first[-5] ^= 1
    found = outcome(bytes(first) + gzip.compress(TEXT))
    assert found.good == LINES * 2
    assert found.reasons == ["bad_format"]
    assert "checksum" in found.bad[0].detail


def test_damage_within_a_member() -> None:
    packed = bytearray(gzip.compress(MANY))
    packed[len(packed) // 2] ^= 0xFF
    found = outcome(bytes(packed))
    assert found.bad
    assert len(found.good) > 1000


def test_garbage_after_the_last_member() -> None:
    found = outcome(gzip.compress(TEXT) + b"and then some")
    assert found.good == LINES
    assert [(str(b.reason), b.raw) for b in found.bad] == [("not_gzip", b"and then some")]


@pytest.mark.parametrize("pack", [gzip.compress, zst, bz2.compress])
def test_zero_padding_is_no_garbage(pack) -> None:
    assert outcome(pack(TEXT) + bytes(5000)).counts == (len(LINES), 0, 0)
    padded = outcome(gzip.compress(TEXT) + bytes(70_000) + gzip.compress(TEXT))
    assert padded.counts == (2 * len(LINES), 0, 0)


@pytest.mark.parametrize("pack", [zst, bz2.compress])
def test_garbage_after_other_streams(pack) -> None:
    found = outcome(pack(TEXT) + b"tail")
    assert found.good == LINES
    assert found.reasons == ["bad_format"]


def test_compressed_three_times_is_refused() -> None:
    found = outcome(gzip.compress(gzip.compress(gzip.compress(TEXT))))
    assert found.counts == (0, 1, 0)
    assert found.reasons == ["bad_format"]
    assert "twice" in found.bad[0].detail


def test_plain_json_named_gz_is_json() -> None:
    assert outcome(TEXT, "x.json.gz").good == LINES


@pytest.mark.parametrize(("name", "reason"), [("x.gz", "not_gzip"), ("x.log", "bad_format")])
def test_binary_is_one_bad_record(name: str, reason: str) -> None:
    noise = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(100_000))
    found = outcome(noise, name)
    assert found.counts == (0, 1, 0)
    assert found.reasons == [reason]
    assert found.bad[0].truncated
    assert len(found.bad[0].raw) == 1 << 20


def zeros(pack, count: int) -> bytes:
    engine = pack()
    return b"".join(engine.compress(bytes(1 << 20)) for _ in range(count)) + engine.flush()


@pytest.mark.parametrize(
    "pack",
    [
        lambda: zlib.compressobj(9, zlib.DEFLATED, 31),
        bz2.BZ2Compressor,
        lambda: zstandard.ZstdCompressor().compressobj(),
    ],
)
def test_bomb_stops_at_the_ratio(pack) -> None:
    found = outcome(zeros(pack, 24), ratio_after=4 << 20, max_line=1 << 20)
    assert found.reasons[-1] == "bomb_ratio"
    assert found.counts[0] == 0


def test_repetitive_small_object_is_no_bomb() -> None:
    line = b'{"eventVersion":"1.08"}\n'
    assert outcome(gzip.compress(line * 50_000)).counts == (50_000, 0, 0)


def test_bytes_limit() -> None:
    found = outcome(gzip.compress(MANY), max_bytes=len(MANY) // 2)
    assert found.reasons == ["bomb_bytes"]
    assert 0 < len(found.good) < len(LINES) * 20


def test_nested_bomb_is_bounded() -> None:
    inner = zeros(lambda: zlib.compressobj(9, zlib.DEFLATED, 31), 24)
    found = outcome(gzip.compress(inner), ratio_after=4 << 20, max_line=1 << 20)
    assert found.reasons[-1] == "bomb_ratio"


def test_store_errors_pass_through() -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise StoreTransient("connection reset")

    with pytest.raises(StoreTransient):
        outcome(Broken())  # type: ignore[arg-type]


@pytest.mark.parametrize("sizes", [(1,), (7, 3), (65_535, 1), (100_000,)])
def test_read_sizes_change_nothing(sizes: tuple[int, ...]) -> None:
    packed = members(gzip.compress, MANY)[:-20]
    whole = outcome(packed)
    found = outcome(Trickle(packed, sizes))  # type: ignore[arg-type]
    assert found == whole
