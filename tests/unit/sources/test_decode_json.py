"""JSON in every layout, and its traps."""

from __future__ import annotations

import hashlib
import json

import pytest

from support.decoding import outcome

A, B, C = b'{"a": 1}', b'{"b": [1, {"x": "}"}]}', b'{"c": "\\"{"}'
PRETTY = b'{\n  "p": [\n    {"q": 1},\n    2\n  ],\n  "r": {}\n}'


@pytest.mark.parametrize("window", [3, 16, 1 << 20])
@pytest.mark.parametrize(
    ("text", "records"),
    [
        (A, [A]),
        (A + b"\n" + B, [A, B]),
        (A + b"\r\n\r\n" + B + b"\r\n", [A, B]),
        (b"\xef\xbb\xbf" + A + b"\n" + B, [A, B]),
        (A + b"\n\xef\xbb\xbf" + B, [A, B]),
        (A + B + C, [A, B, C]),
        (A + b" " + B + b"\n" + C + A, [A, B, C, A]),
        (PRETTY, [PRETTY]),
        (PRETTY + PRETTY, [PRETTY, PRETTY]),
        (PRETTY + b"\n" + A + b"\n" + PRETTY + b"\n", [PRETTY, A, PRETTY]),
        (A + b",\n" + B + b",\n", [A, B]),
        (b"[" + A + b"," + B + b"]", [A, B]),
        (b"[\n " + A + b",\n " + B + b"\n]\n", [A, B]),
        (b"[]", []),
        (b"[" + A + b"]\n[" + B + b"," + C + b"]\n", [A, B, C]),
        (b'{"Records":[' + A + b"," + B + b"]}", [A, B]),
        (b'{"Records":[' + A + b"]}\n" + b'{"Records": [' + B + b"]}\n", [A, B]),
        (b'{"Records":[' + A + b"]}" + b'{"Records":[' + B + b"]}", [A, B]),
        (b'{"Records":[' + A + b'],"more":[{"x":1}]}\n' + B, [A, B]),
        (b'{\n"Records":\n[\n' + PRETTY + b",\n" + A + b"]}", [PRETTY, A]),
        (b'{"Records":[]}', []),
        (b"[" + b",".join([A, B, C] * 50) + b"]", [A, B, C] * 50),
        (b"[[" + A + b"],[" + B + b"]]", [A, B]),
    ],
)
def test_layouts(text: bytes, records: list[bytes], window: int) -> None:
    found = outcome(text, window=window)
    assert found.good == records
    assert found.bad == []


def test_raw_is_the_record_as_received() -> None:
    record = b'{ "z":1.50,\t"a":"\\u00e9", "z":2 }'
    assert outcome(b'{"Records": [ ' + record + b" ]}").good == [record]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a":NaN}', "bad_json"),
        (b'{"a":-Infinity}', "bad_json"),
        (b'{"a":01}', "bad_json"),
        (b'{"a":1', "bad_json"),
        (b'{"a":"x', "bad_json"),
        (b'{"a":1}}', "bad_json"),
        (b'{"a":1} tail', "bad_json"),
        (b"plain words", "bad_json"),
        (b'{"a":"\x01"}', "bad_json"),
        (b'{"a":1\x00}', "bad_json"),
        (b"\x00\x00\x00", "bad_json"),
        (b'{"a":"\xff"}', "bad_utf8"),
        (b'{"a":"\xed\xa0\x80"}', "bad_utf8"),
        (b'{"a":"\\ud800"}', "bad_utf8"),
        (b'{"a":"\\udc00\\ud800"}', "bad_utf8"),
        (b'{"a":' + b"[" * 80 + b"]" * 80 + b"}", "depth"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "depth"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "depth"),
        (b'{"a":18446744073709551616}', "bigint"),
        (b'{"a":-9223372036854775809}', "bigint"),
        (b'{"a":[1,{"b":' + b"9" * 5000 + b"}]}", "bigint"),
        (b'{"a":' + b"9" * 400 + b".5}", "bigint"),
        (b"12", "wrong_type"),
        (b"null", "wrong_type"),
        (b'"text"', "wrong_type"),
        (b'{"a":1}{"b":NaN}', "bad_json"),
    ],
)
@pytest.mark.parametrize("window", [16, 1 << 20])
def test_a_bad_line_costs_itself_only(line: bytes, reason: str, window: int) -> None:
    found = outcome(A + b"\n" + line + b"\n" + B + b"\n", window=window)
    assert found.reasons == [reason]
    bad = found.bad[0]
    assert found.good[0] == A
    assert found.good[-1] == B
    assert bad.raw in line
    assert bad.sha256 == hashlib.sha256(bad.raw).hexdigest()
    if found.counts[0] == 2:
        assert bad.position == 1


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":18446744073709551615,"b":-9223372036854775808}',
        b'{"a":"99999999999999999999999"}',
        b'{"a":0.12345678901234567890123}',
        b'{"a":1e-10,"b":123456789012345678901.5}',
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"caf\xc3\xa9"}',
        b'{"a":1,"a":2}',
        b'{"a":' + b"[" * 63 + b"]" * 63 + b"}",
        b'{"a":"' + b"[" * 500 + b'"}',
        b"{}",
        b"{" + b",".join(b'"c%d":%d' % (n, n) for n in range(200_000)) + b"}",
    ],
)
def test_what_looks_like_a_trap_and_is_none(line: bytes) -> None:
    assert outcome(line + b"\n").good == [line]


@pytest.mark.parametrize("bad", [b'{"a":NaN}', b'{"a":1 "b":2}', b"12", b'{"a":"\xff"}'])
@pytest.mark.parametrize("window", [16, 64, 1 << 20])
def test_a_bad_element_costs_itself_only(bad: bytes, window: int) -> None:
    items = [A, B, bad, C] * 30
    found = outcome(b'{"Records":[' + b",".join(items) + b"]}", window=window)
    assert found.good == [A, B, C] * 30
    assert [b.raw for b in found.bad] == [bad] * 30
    assert [b.position for b in found.bad] == list(range(2, 120, 4))


@pytest.mark.parametrize("window", [16, 1 << 20])
@pytest.mark.parametrize(
    ("start", "tail"),
    [
        (b"[", b'{"d": [1, 2'),
        (b'{"Records":[', b'{"d": "x'),
        (b'{"records":[', b'{"d"'),
        (b'{"events":[', b""),
        (b'{"Records":[\n', b'{"d": ]}"\n{"e":1}'),
    ],
)
def test_a_cut_list_keeps_its_prefix(start: bytes, tail: bytes, window: int) -> None:
    found = outcome(start + A + b"," + B + b"," + tail, window=window)
    assert found.good == [A, B]
    assert found.reasons == ["bad_json"]
    assert found.bad[0].raw == tail


def test_a_damaged_list_on_a_line_spares_the_next_line() -> None:
    text = b'{"Records":[' + A + b',{"x": ]}\n{"Records":[' + B + b"]}\n"
    found = outcome(text)
    assert found.good == [A, B]
    assert found.reasons == ["bad_json"]


def test_lines_cut_outside_a_string_spare_the_next_lines() -> None:
    text = b"\n".join([A, b'{"x":1,"y":', A, b'{"x":[1,', B, b'{"x":{"y":2},', C]) + b"\n"
    found = outcome(text)
    assert found.good == [A, A, B, C]
    assert found.reasons == ["bad_json"] * 3


def test_a_damaged_document_is_one_bad_record() -> None:
    damaged = PRETTY.replace(b"2", b"2 {")
    found = outcome(A + b"\n" + damaged + b"\n" + PRETTY)
    assert found.good == [A, PRETTY]
    assert found.reasons == ["bad_json"]


def test_many_open_ends_are_given_up_in_linear_time() -> None:
    found = outcome(A + b"\n" + b'{"a":{"b":\n' * 100_000, max_document=1 << 20)
    assert found.good == [A]
    assert set(found.reasons) == {"bad_json"}


@pytest.mark.parametrize("wrap", [(b"", b""), (b'{"Records":[', b"]}"), (b"[", b"]")])
def test_a_record_over_the_limit(wrap: tuple[bytes, bytes]) -> None:
    big = b'{"big":"' + b"x" * 300_000 + b'"}'
    between = b"," if wrap[0] else b"\n"
    text = wrap[0] + between.join([A, big, B]) + wrap[1]
    found = outcome(text, max_line=100_000, max_document=200_000, window=1000)
    assert found.good == [A, B]
    assert found.reasons == ["line_too_long"]
    assert hashlib.sha256(big).hexdigest() == found.bad[0].sha256


def test_raw_of_a_bad_record_is_bounded() -> None:
    big = b'{"big":"' + b"x" * (3 << 20) + b'"'
    found = outcome(A + b"\n" + big + b"\n" + B)
    assert found.good == [A, B]
    bad = found.bad[0]
    assert bad.truncated
    assert bad.raw == big[: 1 << 20]
    assert bad.sha256 == hashlib.sha256(big).hexdigest()


def test_a_document_larger_than_what_may_be_held_is_streamed() -> None:
    items = [b'{"eventVersion":"1.0","n":%d,"list":[{"a":1},{"a":2}]}' % n for n in range(5000)]
    text = b'{"Records":[' + b",".join(items) + b"]}"
    found = outcome(text, max_document=10_000, window=2000)
    assert found.good == items


def test_most_lines_tell_what_a_file_is() -> None:
    found = outcome(b"started logging\n" + A + b"\n" + A + b"\n" + B + b"\n")
    assert found.good == [A, A, B]
    assert found.reasons == ["bad_json"]


def test_utf16_with_either_byte_order() -> None:
    lines = [json.dumps({"a": "é😀", "n": n}, ensure_ascii=False) for n in range(3000)]
    text = "\ufeff" + "\r\n".join(lines)
    for encoding in ("utf-16-le", "utf-16-be"):
        assert outcome(text.encode(encoding)).good == [line.encode() for line in lines]


def test_damaged_utf16_costs_its_line_only() -> None:
    good = "\ufeff" + '{"a":1}\n'
    data = good.encode("utf-16-le") + b'"\0\x00\xdc"\0\n\0' + '{"b":1}'.encode("utf-16-le") + b"}"
    found = outcome(data)
    assert found.good[0] == b'{"a":1}'
    assert found.reasons[0] == "bad_utf8"
    assert len(found.bad) == 2
