"""The quick ways give exactly what the reference gives, whatever the records hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mantissa.sources.fast import struct_reader
from mantissa.sources.mapping import Extractor
from mantissa.sources.record import Batch
from mantissa.sources.shape import LEARN_AT_MOST, LEARN_FROM
from mantissa.sources.spec import SourceSpec
from support.sources import ENVELOPE, batch, builtin, extract, gate, row, same, shop

SHOP = shop()
GATE = gate()
CLOUDTRAIL = builtin("aws_cloudtrail")

WORDS = st.sampled_from(
    [
        "sold",
        "signin",
        "ping",
        "",
        "443",
        "true",
        "2026-03-04T12:00:00Z",
        "203.0.113.9",
        "\x00",
        "ß",
    ]
)
TEXTS = WORDS | st.text(st.characters(codec="utf-8"), max_size=8)
NUMBERS = (
    st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, 1, 443, 1.0, 1e3, 2**63, -(2**63), 2**53 + 1, 1772625600])
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
NAMES = st.sampled_from(
    ["what", "When", "who", "WHO", "name", "Name", "arn", "age", "home", "city", "sku", "new", "0"]
)
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(NAMES, v, max_size=4), max_leaves=8
)
TOP = st.sampled_from(
    [
        "what",
        "when",
        "address",
        "addr",
        "port",
        "price",
        "ok",
        "error",
        "delivered",
        "who",
        "goods",
        "note",
        "checksum",
        "WHAT",
        "Who",
        "who.name",
        "Note",
        "newField",
        "Addr",
    ]
)
GOOD = {"what": "sold", "when": "2026-03-04T12:00:00Z"}


@st.composite
def records(draw: st.DrawFn) -> bytes:
    """One record: mostly plausible, sometimes odd in keys, values, blanks or bytes."""
    fields: dict[str, Any] = dict(draw(st.dictionaries(TOP, VALUES, max_size=6)))
    if draw(st.booleans()):
        fields = {**fields, **GOOD}
    text = json.dumps(
        fields,
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, None, 1])),
        separators=draw(st.sampled_from([(",", ":"), (" , ", " : ")])),
    ).encode("utf-8", "surrogatepass")
    odd = draw(st.sampled_from(["", "", "", "", "repeat", "escape", "surrogate", "cut", "bytes"]))
    if odd == "repeat":
        text = text[:-1].rstrip() + (b"," if fields else b"") + b'"what":"again","port":1}'
    if odd == "escape":
        text = text.replace(b'"what"', b'"wh\\u0061t"').replace(b'"note"', b'"n\\u006fte"')
    if odd == "surrogate":
        text = text.replace(b'"sold"', draw(st.sampled_from([b'"\\ud800"', b'"\\\\\\udc00x"'])))
    if odd == "cut":
        text = text[: draw(st.integers(0, len(text)))]
    if odd == "bytes":
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.binary(max_size=2)) + text[place:]
    return text


def both(spec: SourceSpec, raws: list[bytes]) -> None:
    quick, slow = extract(spec, raws), extract(spec, raws, fast=False)
    assert quick.rejects == slow.rejects
    assert quick.skipped == slow.skipped
    for name in slow.table.column_names:
        assert quick.table[name].to_pylist() == slow.table[name].to_pylist(), name
    assert same(quick, slow)
    accounted = quick.table.num_rows + len(quick.rejects) + len(quick.skipped)
    assert accounted == len(raws)


@given(st.lists(records(), max_size=5))
@example([b'{"what":"a","when":1772625600}', b'{"What":"a","when":1772625600,"x":null}'])
@example([b'{"what":"ping","when":1772625600}', b'{"what":"a","when":1772625600,"checksum":1}'])
@example([b'{"what":"a","when":1772625600,"address":"1.2.3.4","addr":"5.6.7.8"}'])
@example([b'{"what":"a","when":1,"who":{"NAME":"x","Name":"y","age":"q"}}'])
@example([b'{"what":"a","when":1,"who":{"name":null,"Name":"y","home":[{"city":1}]}}'])
@example([b'{"what":"a","when":1,"goods":[{"SKU":"7"}],"who":"nobody","note":"\\u0041"}'])
@example([b"", b"[]", b"7", b"null", b"{", b'{"what":"\xff","when":1}'])
def test_structs_equal_the_reference(raws: list[bytes]) -> None:
    both(SHOP, raws)


UNKNOWN = st.dictionaries(
    st.sampled_from(
        ["zeta", "alpha", "Beta", "beta", "what.x", "Note", "CHECKSUM", 'q"', "WHO.NAME"]
    ),
    VALUES,
    max_size=4,
)


@given(st.lists(UNKNOWN, min_size=1, max_size=4), st.lists(records(), max_size=2))
@example(
    [{"zeta": 1, "alpha": None}, {"alpha": {"b": [1]}, "zeta": "x"}, {"beta": 1, "Beta": 2}], []
)
@example([{"CHECKSUM": 1}, {"Note": 1}, {"WHO.NAME": "anna"}], [b'{"zeta":1}'])
def test_learnt_fields_equal_the_reference(unknown: list[dict[str, Any]], odd: list[bytes]) -> None:
    fields = [{**u, **GOOD} if i % 2 else {**GOOD, **u} for i, u in enumerate(unknown * 20)]
    texts = [json.dumps(f).encode() for f in fields]
    texts = [t.replace(b" ", b"", 1) if i % 3 else t for i, t in enumerate(texts)]
    spec = shop()
    both(spec, texts * 2 + odd)
    both(spec, odd + texts)


def test_fields_that_keep_turning_up_take_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = shop()
    drifted = [{"new": i, **GOOD, "older": {"b": 1.10}} for i in range(LEARN_FROM)]
    monkeypatch.setattr("mantissa.sources.mapping.read_records", None)
    found = extract(spec, drifted).table["extra"].to_pylist()
    assert found[:2] == ['{"new":0,"older":{"b":1.1}}', '{"new":1,"older":{"b":1.1}}']


def test_what_is_learnt_is_bounded() -> None:
    spec = shop()
    hostile = [{f"k{i}-{j}": 1 for j in range(40)} | GOOD for i in range(LEARN_FROM)]
    both(spec, [json.dumps(h).encode() for h in hostile])
    assert len(struct_reader(spec).shape.learnt) == LEARN_AT_MOST


def test_two_records_in_one_text_do_not_pass_as_one() -> None:
    raws = [b'{"what":"a","when":1},{"what":"b","when":2}', b'{"what":"c","when":3', b'"x":1}']
    found = extract(SHOP, raws)
    assert found.table.num_rows == 0
    assert [r.position for r in found.rejects] == [0, 1, 2]


IDENTITIES = st.fixed_dictionaries(
    {"type": WORDS},
    optional={
        "arn": TEXTS,
        "ARN": TEXTS,
        "userName": SCALARS,
        "sessionContext": st.dictionaries(
            st.sampled_from(["attributes", "sessionIssuer", "Attributes", "x"]),
            st.dictionaries(
                st.sampled_from(["mfaAuthenticated", "userName", "type"]), SCALARS, max_size=3
            ),
            max_size=3,
        ),
    },
)
EVENTS = st.fixed_dictionaries(
    {
        "eventTime": st.just("2026-03-04T12:00:00Z"),
        "eventSource": WORDS,
        "eventName": st.sampled_from(["ConsoleLogin", "AssumeRoleWithSAML", "GetObject"]),
    },
    optional={
        "userIdentity": IDENTITIES | SCALARS,
        "readOnly": SCALARS,
        "sourceIPAddress": TEXTS,
        "responseElements": VALUES | st.just({"ConsoleLogin": "Failure"}),
        "resources": st.lists(st.dictionaries(st.sampled_from(["ARN", "arn"]), TEXTS), max_size=2),
        "eventType": st.sampled_from(["AwsApiCall", "AwsCloudTrailInsight"]),
        "errorCode": TEXTS,
        "eventname": TEXTS,
        "somethingNew": VALUES,
    },
)


@given(st.lists(EVENTS, max_size=5))
def test_structs_equal_the_reference_for_cloudtrail(events: list[dict[str, Any]]) -> None:
    both(CLOUDTRAIL, [json.dumps(e).encode() for e in events])


LINE_WORDS = st.sampled_from(
    [
        "1772625600",
        "anna",
        "7",
        "-",
        "",
        "+7",
        "0x7",
        "007",
        "9" * 20,
        "at",
        "who",
        "door",
        "\t7",
        '"',
    ]
)
LINES = st.lists(LINE_WORDS, min_size=1, max_size=5).map(" ".join).map(str.encode)
GOOD_LINES = st.sampled_from(
    [
        b"1772625600 anna 7",
        b"1772625601 - -",
        b"1772625602 bert 8 B-9",
        b"at who door",
        b"door who at",
        b"door at who shoe",
        b'{"at":1772625603,"who":"carl"}',
        b'{"message":"1772625604 dora 9"}',
        b"1772625605 \xff 7",
        b"1772625606 eve 7\r",
        b"",
    ]
)


@given(st.lists(LINES | GOOD_LINES, max_size=8), st.integers(1, 4))
@example([b"at who door", b"1772625600 anna 7", b"1772625600 anna 7 x"], 3)
@example([b"1 \t2 3", b"1 a 0x10"], 1)
def test_lines_equal_the_reference(raws: list[bytes], size: int) -> None:
    quick, slow = Extractor(GATE), Extractor(GATE, fast=False)
    for start in range(0, len(raws), size):
        part = Batch(raws[start : start + size], list(range(start, min(start + size, len(raws)))))
        one, other = quick.extract(part, ENVELOPE), slow.extract(part, ENVELOPE)
        assert one.rejects == other.rejects
        assert one.skipped == other.skipped
        assert one.table.to_pylist() == other.table.to_pylist()
        assert same(one, other)


def test_plain_lines_take_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    extractor = Extractor(GATE)
    monkeypatch.setattr(extractor, "_mapper", None)
    raws = [b"at who door", b"1772625600 anna 7", b"1772625601 - -"]
    found = extractor.extract(batch(raws), ENVELOPE)
    assert found.table["who"].to_pylist() == ["anna", None]
    assert [s.position for s in found.skipped] == [0]


def test_plain_records_take_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mantissa.sources.mapping.read_records", None)
    nested = {**GOOD, "who": {"name": "x", "shoes": 2}}
    assert row(SHOP, nested)["who_name"] == "x"
