"""Why a rule did not fire is worked out from rules and rows; each reason, on a case of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from public_logs import Entry, Outcome, World, belonging
from scorecard import HIT, MISSED, NOTICED, fired, state
from scorecard_reasons import Attack, Collected, related, why
from support.detection import IDS, judged, parsed, prepared, rows_of, rule

TAGGED = "tags: [attack.execution, attack.t1059.001]\n"
OTHER = "tags: [attack.discovery, attack.t1033]\n"
BOB = "s: {name: bob}\ncondition: s"
DEEP = "s: {doc.who: bob}\ncondition: s"


def collected(*texts: str) -> Collected:
    return Collected("ours", parsed(*texts), prepared(*texts), frozenset(IDS))


def attack(given: Collected, *events: Mapping[str, Any], technique: str = "T1059") -> Attack:
    """Judge events as one recorded attack."""
    rows = rows_of(events)
    outcome = Outcome(rows, len(events))
    for numbers in judged(rows, given.prepared):
        outcome.fired.update(IDS[n] for n in numbers)
    for _, names in belonging(rows, given.prepared.predicates):
        outcome.belonging.update(names)
    world = World("an attack", "a corpus", "gate", (Entry("a.json", len(events), ()),))
    return Attack(world, (technique,), outcome)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("T1059", "T1059", True),
        ("T1059", "T1059.001", True),
        ("T1059.001", "T1059", True),
        ("T1059.001", "T1059.003", False),
        ("T1059", "T1590", False),
    ],
)
def test_a_technique_is_related_to_its_parent_and_children(
    one: str, other: str, same: bool
) -> None:
    assert related(one, other) is same


def test_a_rule_that_names_the_technique_finds_and_another_notices() -> None:
    names, else_ = collected(rule(BOB, head=TAGGED)), collected(rule(BOB, head=OTHER))
    bob = {"name": "bob"}
    assert state(attack(names, bob), names) == HIT
    assert state(attack(else_, bob), else_) == NOTICED
    assert state(attack(names, {"name": "eve"}), names) == MISSED
    ((info, count),) = fired(attack(names, bob, bob), names)
    assert (info.id, count) == (IDS[1], 2)


def test_informational_rules_do_not_count() -> None:
    given = collected(rule(BOB, head=TAGGED).replace("level: high", "level: informational"))
    assert state(attack(given, {"name": "bob"}), given) == MISSED


def test_no_rule_names_the_technique() -> None:
    given = collected(rule(BOB, head=OTHER))
    assert why(attack(given, {"name": "eve"}), given) == "no rule covers T1059 on gate"


def test_rules_that_wait_are_counted() -> None:
    waiting = rule(BOB, head=TAGGED, number=2).replace("product: gate", "product: vax")
    given = collected(rule(BOB, head=OTHER), waiting)
    said = why(attack(given, {"name": "eve"}), given)
    assert said == "no rule covers T1059 on gate (1 waiting for a source)"


def test_the_recording_lacks_the_log_source() -> None:
    given = collected(rule(BOB, head=TAGGED, logsource="category: window"))
    said = why(attack(given, {"name": "eve", "kind": "door", "code": 1}), given)
    assert said.startswith("no telemetry: 1 rule for window; the recording holds")


@pytest.mark.parametrize(
    ("detection", "event", "field"),
    [(BOB, {"cmd": "x"}, "name"), (DEEP, {"doc": {"what": "x"}}, "doc.who")],
)
def test_a_field_that_no_record_has(detection: str, event: dict[str, Any], field: str) -> None:
    given = collected(rule(detection, head=TAGGED))
    said = why(attack(given, event), given)
    assert said == f"fields missing: 1 rule cannot fire without what no record has ({field})"


def test_a_rule_that_looks_for_something_else() -> None:
    given = collected(
        rule(BOB, head=TAGGED),
        rule(DEEP, head=TAGGED, number=2),
        rule(BOB, head=TAGGED, number=3, logsource="category: window"),
    )
    assert why(attack(given, {"name": "eve"}), given) == (
        "another procedure: 1 rule judged its records and looks for something else; "
        "1 rule cannot fire without fields that no record has; "
        "1 rule for log sources that are not in the recording"
    )


def test_no_source_or_no_row() -> None:
    given = collected(rule(BOB, head=TAGGED))
    world = World("an attack", "a corpus", "", (Entry("a.json", 7, ()),))
    unread = Attack(world, ("T1059",), None)
    assert unread.recorded == 7
    assert why(unread, given).startswith("no source carries such records yet; 0 rules")
    empty = Outcome(rows_of([]), 2, Counter({"missing_required: no time": 2}))
    found = why(Attack(world, ("T1059",), empty), given)
    assert found == "none of its records is a row: missing_required: no time"
