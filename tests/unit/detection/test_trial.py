"""Rules tried without a lake: their own tests, the check, and which fire on which record."""

from __future__ import annotations

import io
import json
from typing import Any

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.check import check_rules
from mantissa.detection.dialects import DUCKDB
from mantissa.detection.match import MatchReport, match_events
from mantissa.detection.selftest import TestReport, run_tests
from mantissa.errors import EngineRejected
from mantissa.sources.decode import decode
from mantissa.sources.record import Limits
from support.detection import IDS, SPEC, WHEN, parsed, prepared, rule

PLAIN = "s: {name: bob}\ncondition: s"


def trial_of(tests: list[dict[str, Any]], detection: str = PLAIN, **options: Any) -> TestReport:
    head = "tests: " + json.dumps(tests) + "\n"
    return run_tests(parsed(rule(detection, head=head, **options)), [SPEC], DUCKDB, RowsEngine)


def event(**fields: Any) -> dict[str, Any]:
    return {"when": WHEN, **fields}


def got(report: TestReport) -> list[tuple[str, str, str]]:
    return [(f.test, f.expected, f.got) for f in report.failed]


def test_tests_that_hold() -> None:
    report = trial_of(
        [
            {"match": True, "event": event(name="bob")},
            {"match": False, "events": [event(name="eve"), event()]},
            {"match": True, "event": json.dumps(event(name="BOB"))},
        ]
    )
    assert (report.rules, report.tests, report.failed, report.untested) == (1, 3, (), ())


def test_tests_that_do_not_hold_say_what_happened() -> None:
    report = trial_of(
        [
            {"name": "a", "match": True, "event": event(name="eve")},
            {"name": "b", "match": False, "event": event(name="bob")},
            {"name": "c", "match": True, "events": [event(name="bob"), event(name="eve")]},
            {"name": "d", "match": False, "event": {"name": "eve"}},
            {"name": "e", "match": True, "event": event(name="bob"), "source": "fence"},
        ]
    )
    assert got(report) == [
        ("a", "match", "no match"),
        ("b", "no match", "match"),
        ("c", "match", "match on some events only"),
        ("d", "no match", "not read: missing_required: no value for when"),
        ("e", "match", "the rule does not apply to source fence"),
    ]
    assert report.to_json()["failed"][0] == {
        "id": IDS[1],
        "test": "a",
        "expected": "match",
        "got": "no match",
    }


def test_a_rule_that_cannot_run_fails_its_tests() -> None:
    tests = [{"name": "a", "match": False, "event": event()}]
    assert "no field 'nmae'" in got(trial_of(tests, "s: {nmae: x}\ncondition: s"))[0][2]
    assert (
        "no log source for product gate, service x"
        in (got(trial_of(tests, logsource="service: x"))[0][2])
    )


def test_disabled_rules_are_tested_and_rules_without_tests_are_named() -> None:
    head = "mantissa: {enabled: false}\ntests: [{match: true, event: {when: x}}]\n"
    texts = [rule(PLAIN, number=1, head=head), rule(PLAIN, number=2)]
    report = run_tests(parsed(*texts), [SPEC], DUCKDB, RowsEngine)
    assert (report.tests, len(report.failed), report.untested) == (1, 1, (IDS[2],))


def test_a_rule_the_engine_refuses_fails_its_tests_alone() -> None:
    class Refusing(RowsEngine):
        def run(self, sql: str, **options: Any) -> Any:
            if "broken" in sql:
                raise EngineRejected("no such function")
            return super().run(sql, **options)

    tests = json.dumps([{"match": True, "event": event(name="bob")}])
    texts = [
        rule(PLAIN, number=1, head=f"tests: {tests}\n"),
        rule("s: {name: [bob, broken]}\ncondition: s", number=2, head=f"tests: {tests}\n"),
    ]
    report = run_tests(parsed(*texts), [SPEC], DUCKDB, Refusing)
    assert [(f.rule_id, f.got) for f in report.failed] == [(IDS[2], "no such function")]


def test_the_check_counts_for_each_dialect() -> None:
    texts = [
        rule(PLAIN, number=1),
        rule("s: {nmae: x}\ncondition: s", number=2),
        rule(PLAIN, number=3, logsource="service: none"),
        rule(PLAIN, number=4, head="mantissa: {enabled: false}\n"),
        "title: [",
    ]
    report = check_rules(parsed(*texts), [SPEC])
    found = report.to_json()
    assert (found["rules"], found["ok"], found["waits_for_source"], found["disabled"]) == (
        5,
        1,
        1,
        1,
    )
    assert found["compiled"] == {"duckdb": 1, "athena": 1}
    assert not report.ok
    assert [(r["id"], r["path"], r["line"]) for r in found["refused"]] == [
        ("", "r5.yml", 2),
        (IDS[2], "r2.yml", 9),
    ]


def lines(*events: dict[str, Any] | str) -> Any:
    texts = [e if isinstance(e, str) else json.dumps(e) for e in events]
    return decode(io.BytesIO("".join(f"{t}\n" for t in texts).encode()), "x.jsonl", Limits())


def matched(files: list[Any], *texts: str) -> MatchReport:
    return match_events(files, SPEC, prepared(*texts), RowsEngine)


def test_records_are_numbered_over_all_files() -> None:
    rules = [rule(PLAIN, number=1), rule("s: {cmd: x}\ncondition: not s", number=2)]
    first = lines(event(name="bob", cmd="x"), "not json {", event(name="eve"))
    second = lines({"name": "bob"}, event(name="bob"))
    report = matched([first, second], *rules)
    assert (report.events, report.rules) == (5, 2)
    assert report.matches == {0: (IDS[1],), 2: (IDS[2],), 4: (IDS[1], IDS[2])}
    assert sorted(report.unread) == [1, 3]
    assert report.to_json()["matches"]["0"] == [IDS[1]]


def test_no_rules_and_refused_rules() -> None:
    report = matched([lines(event(name="bob"))], rule("s: {nmae: x}\ncondition: s"))
    assert report.matches == {0: ()}
    assert [(rule_id, "nmae" in reason) for rule_id, reason in report.refused] == [(IDS[1], True)]
