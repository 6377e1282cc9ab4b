"""A drafted source loads, claims its own sample and maps it without loss."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.errors import SourceError
from mantissa.sources.draft import draft, propose_columns
from mantissa.sources.registry import Sources
from mantissa.sources.spec import load_spec
from support.sources import BUILTIN, SHOP, extract, row, shop

SAMPLE: list[dict[str, Any]] = [
    {
        "timestamp": "2026-03-04T12:00:00Z",
        "eventType": "login",
        "user": "anna",
        "client": {"ip": "203.0.113.9", "port": 443, "tags": ["a"]},
        "score": 1.5,
        "ok": True,
        "severity": "high",
        "secret": "do not show me",
    },
    {"timestamp": "2026-03-04T12:01:00Z", "eventType": "logout", "user": "bert", "score": 2},
]


def raws(records: list[Any]) -> list[bytes]:
    return [json.dumps(r).encode() for r in records]


def test_a_draft_loads_and_maps_its_sample() -> None:
    spec = load_spec(draft("portal", raws(SAMPLE)), "portal/source.yaml")
    kinds = {f.name: f.type for f in spec.fields}
    assert kinds["client_port"] == "bigint"
    assert kinds["score"] == "double"
    assert kinds["ok"] == "boolean"
    assert kinds["client"] == "json"
    assert kinds["field_severity"] == "string"
    found = row(spec, SAMPLE[0])
    assert (found["src_ip"], found["actor_user"], found["activity"]) == (
        "203.0.113.9",
        "anna",
        "login",
    )
    assert found["extra"] is None
    assert extract(spec, SAMPLE).rejects == []


def test_a_draft_claims_its_own_sample() -> None:
    text = draft("portal", raws(SAMPLE))
    known = Sources({"portal": load_spec(text, "x"), "shop": shop()})
    assert known.claim("x.json", raws(SAMPLE)).source == "portal"


def test_a_draft_quotes_no_value_of_the_sample() -> None:
    text = draft("portal", raws(SAMPLE))
    assert "do not show me" not in text
    assert "anna" not in text


@pytest.mark.parametrize(
    ("sample", "message"),
    [([], "no JSON object"), ([b"a b c"], "no JSON object"), ([b'{"a":1}'], "holds a time")],
)
def test_a_useless_sample_is_refused_with_the_reason(sample: list[bytes], message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        draft("portal", sample)
    assert caught.value.fix


@pytest.mark.parametrize("name", ["okta", "github"])
def test_the_built_in_samples_can_be_drafted(name: str) -> None:
    lines = (BUILTIN / name / "sample.jsonl").read_bytes().splitlines()[:5]
    spec = load_spec(draft("again", lines), "x")
    found = extract(spec, lines)
    assert found.table.num_rows == len(lines)


KEYS = st.text(max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=4),
    lambda v: st.lists(v, max_size=2) | st.dictionaries(KEYS, v, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=5), min_size=1, max_size=4))
def test_any_sample_with_a_time_can_be_drafted(records: list[dict[str, Any]]) -> None:
    sample = raws([{**r, "time": "2026-03-04T12:00:00Z"} for r in records])
    spec = load_spec(draft("portal", sample), "portal/source.yaml")
    assert extract(spec, sample).rejects == []


def test_drifted_fields_become_column_lines_that_load() -> None:
    drifted = {
        "what": "a",
        "when": 1772625600,
        "colour": "red",
        "size": {"x": 1},
        "Port": 7,
        "port": 1,
    }
    extras = [extract(shop(), [drifted]).table["extra"][0].as_py()]
    lines = propose_columns(shop(), extras)
    spec = load_spec(SHOP.replace("columns:\n", "columns:\n" + lines + "\n"), "x")
    found = row(spec, drifted)
    assert (found["colour"], found["size_x"], found["extra"]) == ("red", 1, None)
