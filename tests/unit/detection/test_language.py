"""Sigma's language as we run it, on DuckDB: every modifier, every type of column."""

from __future__ import annotations

import pytest

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.dialects import DUCKDB
from mantissa.detection.trial import Rows, Trial
from mantissa.sources.record import Batch
from support.detection import SPEC, WHEN, firing, judged, prepared, refusal, rule
from support.sigma_table import CASES, PLACEHOLDERS, REFUSED, TABLE, Case, answers


@pytest.fixture(scope="module")
def answered() -> dict[str, list[bool]]:
    return answers(RowsEngine, DUCKDB)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
def test_a_piece_of_the_language(case: Case, answered: dict[str, list[bool]]) -> None:
    assert answered[case.about] == case.expected


@pytest.mark.parametrize("part", TABLE)
def test_a_rule_judged_alone_says_the_same(part: str) -> None:
    case = TABLE[part][-1]
    found = firing(case.events, rule(case.text), placeholders=PLACEHOLDERS)
    assert [fired == [1] for fired in found] == case.expected


@pytest.mark.parametrize(("detection", "reason"), REFUSED)
def test_what_cannot_be_asked_is_refused_with_the_reason(detection: str, reason: str) -> None:
    text = detection if "condition:" in detection else f"s: {detection}\ncondition: s"
    assert reason in refusal(text, placeholders=PLACEHOLDERS)


def test_every_case_has_its_own_name() -> None:
    assert len({case.about for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("keyword", "written", "fires"),
    [
        ("a/b", r'"a\/B"', True),
        ("a<b>&", r'"A\u003Cb\u003e\u0026"', True),
        ("</x>", r'"\u003c\/x\u003e"', True),
        ("straße", r'"STRA\u00DFe"', True),
        ("élan", r'"\u00C9LAN"', True),
        ("ÉLAN", r'"\u00e9lan"', True),
        ("élan", r'"\u00c8lan"', False),
        ("ß", '"ss"', False),
    ],
)
def test_keywords_know_how_writers_of_json_escape(keyword: str, written: str, fires: bool) -> None:
    record = f'{{"when": "{WHEN}", "name": {written}}}'.encode()
    rows = Rows(SPEC).map(Batch([record], [0]), Trial())
    ready = prepared(rule(f"s: ['{keyword}']\ncondition: s"))
    assert judged(rows, ready) == [[1] if fires else []]
