"""What a mapping means: names, alternatives, null, nothing lost, hostile text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.model import Reason
from mantissa.sources.record import RAW_LIMIT
from support.sources import extract, row, shop

SHOP = shop()
GOOD: dict[str, Any] = {"what": "sold", "when": "2026-03-04T12:00:00Z"}


def reason(record: Any) -> tuple[Reason, str]:
    found = extract(SHOP, [record])
    assert found.table.num_rows == 0
    return found.rejects[0].reason, found.rejects[0].detail


def test_a_plain_record_fills_its_columns() -> None:
    found = row(SHOP, {**GOOD, "port": 443, "who": {"name": "anna", "home": {"city": "Ulm"}}})
    assert (found["what"], found["port"], found["who_name"]) == ("sold", 443, "anna")
    assert found["who_home_city"] == "Ulm"
    assert found["who"] == '{"name":"anna","home":{"city":"Ulm"}}'
    assert found["extra"] is None


def test_raw_is_kept_as_received_and_documents_without_blanks() -> None:
    raw = b'{ "what": "sold",\n "when": 1772625600, "who": { "name" : "a b" } }'
    found = row(SHOP, raw)
    assert found["raw"] == raw.decode()
    assert found["who"] == '{"name":"a b"}'


def test_names_match_without_case_when_the_exact_one_is_absent() -> None:
    found = row(SHOP, {"WHAT": "sold", "When": 1772625600, "WHO": {"Name": "anna"}})
    assert (found["what"], found["who_name"], found["extra"]) == ("sold", "anna", None)
    both = row(SHOP, {**GOOD, "WHAT": "shouted"})
    assert (both["what"], both["extra"]) == ("sold", '{"WHAT":"shouted"}')


def test_the_first_alternative_that_is_set_is_taken_and_the_other_kept() -> None:
    assert row(SHOP, {**GOOD, "addr": "203.0.113.9"})["address"] == "203.0.113.9"
    assert row(SHOP, {**GOOD, "address": None, "addr": "203.0.113.9"})["address"] == "203.0.113.9"
    found = row(SHOP, {**GOOD, "address": "192.0.2.1", "addr": "203.0.113.9"})
    assert (found["address"], found["extra"]) == ("192.0.2.1", '{"addr":"203.0.113.9"}')


def test_a_flat_dotted_name_is_the_nested_one() -> None:
    found = row(SHOP, {**GOOD, "who.name": "anna"})
    assert (found["who_name"], found["extra"]) == ("anna", None)


def test_unknown_fields_go_to_extra_in_their_order_digit_by_digit() -> None:
    raw = b'{"zeta":1.10,"what":"sold","when":1772625600,"alpha":{"b":[1, 2]},"n":null}'
    assert row(SHOP, raw)["extra"] == '{"zeta":1.10,"alpha":{"b":[1,2]},"n":null}'


def test_a_document_in_a_text_column_becomes_its_text() -> None:
    assert row(SHOP, {**GOOD, "error": {"code": 5}})["error"] == '{"code":5}'


def test_what_is_wrong_is_named() -> None:
    assert reason({"when": 1772625600}) == (Reason.MISSING_REQUIRED, "no value for what")
    assert reason({"what": "sold"}) == (Reason.MISSING_REQUIRED, "no value for when")
    assert reason({**GOOD, "when": "soon"})[0] is Reason.BAD_TIME
    assert reason({**GOOD, "port": "http"})[0] is Reason.WRONG_TYPE
    assert reason(b'{"what":')[0] is Reason.BAD_JSON
    assert reason(b"[1]")[0] is Reason.BAD_FORMAT
    assert reason(b'{"what":"\xff"}')[0] is Reason.BAD_UTF8
    assert reason(b'{"note":' + b"[" * 100_000 + b"]" * 100_000 + b"}")[0] is Reason.DEPTH


def test_a_good_record_stands_beside_bad_ones() -> None:
    found = extract(SHOP, [{"what": "x"}, GOOD, b"{"])
    assert found.table["source_line"].to_pylist() == [2]
    assert [r.position for r in found.rejects] == [0, 2]


def test_a_rejected_record_is_bounded_and_has_the_digest_of_the_whole() -> None:
    record = {"what": "x" * (RAW_LIMIT + 10)}
    entry = extract(SHOP, [record]).rejects[0]
    assert entry.truncated
    assert len(entry.raw) == RAW_LIMIT
    assert len(entry.sha256) == 64


def test_records_that_are_no_events_are_skipped_with_the_reason() -> None:
    found = extract(SHOP, [{"what": "ping"}, {"checksum": "x"}, {"CHECKSUM": "x"}, GOOD])
    assert [(s.position, s.reason) for s in found.skipped] == [
        (0, "heartbeat"),
        (1, "checksum file"),
        (2, "checksum file"),
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (rb"\ud800", "\ufffd"),
        (rb"a\udc00b", "a\ufffdb"),
        (rb"\ud83d\ude00", "😀"),
        (rb"\ud83d\ud83d\ude00", "\ufffd😀"),
        (rb"\\ud800", r"\ud800"),
        (rb"\\\ud800", "\\\ufffd"),
        (rb"\u0000", "\x00"),
    ],
)
def test_text_that_no_column_can_hold_is_replaced_and_raw_keeps_it(text: bytes, kept: str) -> None:
    raw = b'{"what":"' + text + b'","when":1772625600}'
    found = row(SHOP, raw)
    assert found["what"] == kept
    assert found["raw"] == raw.decode()


@given(st.binary(max_size=60))
def test_no_bytes_crash_the_mapping(raw: bytes) -> None:
    found = extract(SHOP, [raw])
    assert found.table.num_rows + len(found.rejects) + len(found.skipped) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=5))
def test_every_value_of_a_record_is_found_again(fields: dict[str, Any]) -> None:
    """Top-level fields are a column's value or a member of extra; documents keep everything."""
    record = {
        **{k: v for k, v in fields.items() if k.lower() not in _TAKEN},
        **GOOD,
        "note": fields,
    }
    found = extract(SHOP, [json.dumps(record).encode("utf-8", "surrogatepass")])
    if found.rejects:
        assert found.rejects[0].reason in (Reason.BAD_JSON, Reason.BAD_UTF8)
        return
    values = found.table.to_pylist()[0]
    assert json.loads(values["note"]) == _clean(fields)
    extra = json.loads(values["extra"] or "{}")
    assert extra == _clean({k: v for k, v in record.items() if k not in {*GOOD, "note"}})


_TAKEN = (
    {p[0].lower() for f in SHOP.fields for p in f.paths}
    | {".".join(p).lower() for f in SHOP.fields for p in f.paths}
    | {"checksum"}
)


def _clean(value: Any) -> Any:
    """A value as the product stores it: lone surrogates replaced."""
    return json.loads(json.dumps(value))
