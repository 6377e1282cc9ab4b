"""Lines of text, and files that are neither text nor JSON."""

from __future__ import annotations

import hashlib

import pytest

from support.decoding import outcome

FLOW = b"2 123456789012 eni-0a1b2c3d 10.0.0.5 10.0.0.9 443 49152 6 10 840 1620000000 1620000060 ACCEPT OK"
SYSLOG = b"<34>Oct 11 22:14:15 host su[42]: 'su root' failed"
APACHE = b"[Wed Oct 11 14:32:52 2000] [error] [client 127.0.0.1] denied"


@pytest.mark.parametrize(
    "line", [FLOW, SYSLOG, APACHE, b"- - [x] {", b"{curly} words", b"<html>", b"12"]
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("window", [16, 1 << 20])
def test_lines(line: bytes, end: bytes, window: int) -> None:
    text = line + end + end + b"  " + end + line + end + line
    assert outcome(text, window=window).good == [line] * 3


def test_a_json_line_in_a_text_file_stays_as_it_is() -> None:
    text = FLOW + b"\n" + FLOW + b'\n{"message":"x"}\n'
    assert outcome(text).good == [FLOW, FLOW, b'{"message":"x"}']


def test_bytes_that_are_not_utf8_cost_their_line_only() -> None:
    found = outcome(FLOW + b"\n caf\xe9 \r\n" + SYSLOG)
    assert found.good == [FLOW, SYSLOG]
    assert found.reasons == ["bad_utf8"]
    assert found.bad[0].raw == b" caf\xe9 "


def test_nul_bytes_are_text() -> None:
    assert outcome(b"a\0b\nc\n").good == [b"a\0b", b"c"]


def test_a_line_over_the_limit() -> None:
    line = b"x" * 500_000
    found = outcome(FLOW + b"\n" + line + b"\n" + SYSLOG, max_line=100_000, window=1000)
    assert found.good == [FLOW, SYSLOG]
    assert found.reasons == ["line_too_long"]
    assert found.bad[0].sha256 == hashlib.sha256(line + b"\n").hexdigest()


def test_a_line_of_ten_megabytes_is_a_record() -> None:
    line = b"y" * (10 << 20)
    assert outcome(FLOW + b"\n" + line).good == [FLOW, line]


def test_utf16_text() -> None:
    assert outcome("\ufeffeins\r\nzwei ü\r\n".encode("utf-16-le")).good == [
        b"eins",
        "zwei ü".encode(),
    ]


@pytest.mark.parametrize(
    "head",
    [
        b"PAR1",
        b"PK\x03\x04",
        b"Obj\x01",
        b"ORC\0",
        b"\xfd7zXZ\0",
        b"SQLite format 3\0",
        b"%PDF-1.7",
    ],
)
def test_known_formats_that_are_no_logs(head: bytes) -> None:
    found = outcome(head + b"whatever\n" * 100)
    assert found.counts == (0, 1, 0)
    assert found.reasons == ["bad_format"]


def test_batches_are_cut_by_their_records_only() -> None:
    text = b"".join(b"line %d\n" % n for n in range(1000))
    found = outcome(text, batch_records=64, window=100)
    assert [len(batch.raws) for batch in found.batches] == [64] * 15 + [40]
    assert found.batches == outcome(text, batch_records=64).batches
    by_size = outcome(text, batch_bytes=500, window=100)
    assert by_size.batches == outcome(text, batch_bytes=500).batches
    assert all(sum(map(len, b.raws)) >= 500 for b in by_size.batches[:-1])
    assert all(sum(map(len, b.raws[:-1])) < 500 for b in by_size.batches)
