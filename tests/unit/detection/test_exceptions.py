"""Exceptions: who, why, until when; none of them ever takes its rule with it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from mantissa.detection.dialects import DUCKDB
from mantissa.detection.exceptions import overdue, remarks
from mantissa.detection.load import parse_rules
from mantissa.detection.prepare import Prepared, prepare
from mantissa.detection.rule import RuleSet
from support.detection import IDS, SPEC, judged, rows_of, rule

TODAY = date(2026, 11, 23)
PLAIN = "s: {name: bob}\ncondition: s"
FULL = "author: dana\nmantissa: {reason: the nightly job, expires: 2026-12-31}\n"
EVENTS: list[dict[str, Any]] = [
    {"name": "bob", "cmd": "tuesday"},
    {"name": "bob", "cmd": "friday"},
    {"name": "bob"},
]


def exception(sel: str = "{cmd: tuesday}", head: str = FULL, rules: str = IDS[1]) -> str:
    return (
        f"title: not on tuesdays\nid: {IDS[100]}\n{head}logsource: {{product: gate}}\nfilter:\n"
        f"  rules: [{rules}]\n  sel: {sel}\n  condition: not sel\n"
    )


def read(*texts: str, today: date | None = TODAY) -> RuleSet:
    files = [(f"r{n}.yml", text.encode()) for n, text in enumerate(texts)]
    return parse_rules(files, today=today)


def made(*texts: str, today: date | None = TODAY) -> Prepared:
    return prepare(read(*texts, today=today), [SPEC], DUCKDB)


def firing(given: Prepared, events: list[dict[str, Any]]) -> list[list[int]]:
    return judged(rows_of(events), given)


def test_it_leaves_out_what_it_says_and_no_more() -> None:
    assert firing(made(rule(PLAIN), exception()), EVENTS) == [[], [1], [1]]


def test_it_says_who_why_and_until_when() -> None:
    (found,) = read(rule(PLAIN), exception()).exceptions
    assert (found.author, found.reason) == ("dana", "the nightly job")
    assert (found.expires, found.state, found.lacks) == (date(2026, 12, 31), "applies", ())
    assert found.rules == (IDS[1],)
    assert remarks([found]) == []


@pytest.mark.parametrize(
    ("today", "fired"),
    [(date(2026, 12, 31), []), (date(2027, 1, 1), [1]), (None, [])],
    ids=["last day", "day after", "no clock"],
)
def test_it_applies_up_to_its_last_day(today: date | None, fired: list[int]) -> None:
    assert firing(made(rule(PLAIN), exception(), today=today), EVENTS[:1]) == [fired]


def test_an_expired_one_is_shown_and_changes_the_version_back() -> None:
    before = read(rule(PLAIN)).rules[0].info.version
    applying = read(rule(PLAIN), exception())
    expired = read(rule(PLAIN), exception(), today=date(2027, 1, 1))
    assert applying.rules[0].info.version != before == expired.rules[0].info.version
    (found,) = expired.rules[0].exceptions
    assert found.state == "expired"
    assert "expired on 2026-12-31" in remarks([found])[0]["reason"]


def test_rules_are_out_of_date_once_one_expires() -> None:
    known = read(rule(PLAIN), exception()).exceptions
    assert not overdue(known, date(2026, 12, 31))
    assert overdue(known, date(2027, 1, 1))
    assert not overdue(read(rule(PLAIN), exception(), today=date(2027, 1, 1)).exceptions, TODAY)


def test_what_it_does_not_say_is_asked_for_and_it_still_applies() -> None:
    given = read(rule(PLAIN), exception(head=""))
    (remark,) = remarks(given.exceptions)
    assert remark["reason"] == "the exception says no author and no reason and no expires"
    assert (remark["path"], remark["line"]) == ("r1.yml", 1)
    assert firing(prepare(given, [SPEC], DUCKDB), EVENTS[:1]) == [[]]


@pytest.mark.parametrize(
    ("head", "line", "reason"),
    [
        ("mantissa: {expires: soon}\n", 3, "is no day: 'soon'"),
        ("mantissa: {expire: 2026-12-31}\n", 3, "unknown key 'expire'"),
        ("mantissa: [reason]\n", 3, "must be a mapping"),
        ("mantissa: {expires: 2026-12-31 10:00:00}\n", 3, "is no day"),
    ],
)
def test_a_wrong_one_is_refused_alone(head: str, line: int, reason: str) -> None:
    given = made(rule(PLAIN), exception(head=head))
    (refused,) = given.refused
    assert (refused.id, refused.path, refused.line) == (IDS[100], "r1.yml", line)
    assert reason in refused.reason
    assert firing(given, EVENTS[:1]) == [[1]]


def test_a_field_that_the_source_has_not_costs_the_exception_and_not_the_rule() -> None:
    given = made(rule(PLAIN), exception("{cmdd: tuesday}"), exception("{cmd: friday}"))
    (refused,) = given.refused
    assert (refused.id, refused.path, refused.line) == (IDS[100], "r1.yml", 8)
    assert "left out" in refused.reason
    assert "did you mean cmd" in refused.reason
    assert firing(given, EVENTS) == [[1], [], [1]]


def test_a_rule_that_is_wrong_itself_is_refused_as_such() -> None:
    given = made(rule("s: {nmae: bob}\ncondition: s"), exception())
    assert [(r.id, r.path) for r in given.refused] == [(IDS[1], "r0.yml")]


def test_one_for_all_rules_of_a_log_source_leaves_others_alone() -> None:
    other = rule(PLAIN, number=2, logsource="category: door")
    text = exception(rules="x").replace("rules: [x]", "rules: any")
    text = text.replace("{product: gate}", "{product: gate, service: main}")
    found = read(rule(PLAIN), other, text)
    assert [len(r.exceptions) for r in found.rules] == [1, 0]


def test_one_that_names_no_rule_is_refused() -> None:
    (refused,) = read(rule(PLAIN), exception(rules=IDS[7])).refused
    assert refused.reason == "the filter applies to no rule"


def test_two_conditions_are_both_excepted() -> None:
    text = rule("s: {name: bob}\nt: {code: 5}\ncondition: [s, t]")
    events: list[dict[str, Any]] = [
        {"name": "bob", "cmd": "tuesday"},
        {"code": 5, "cmd": "tuesday"},
        {"code": 5},
    ]
    assert firing(made(text, exception()), events) == [[], [], [1]]
