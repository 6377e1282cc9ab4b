"""Rules that cannot fire, sources that fell silent, and what `doctor` makes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mantissa.adapters.memory import MemoryState
from mantissa.detection.checkup import ENOUGH_ROWS, PATIENCE, checkup, pending_check
from mantissa.detection.journal import HEALTH
from mantissa.detection.prepare import Prepared
from mantissa.detection.vitals import NOTHING_KNOWN, Books, Look, Vitals, open_books, vitals
from mantissa.lake.books import PENDING
from mantissa.lake.presence import Presence
from mantissa.ports import Put
from support.detection import IDS, SPEC, prepared, rule

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
NAMED = "s: {name: bob}\ncondition: s"
PLAIN = rule(NAMED)
OTHER = rule("s: {cmd: x}\ncondition: s", number=2)
INSIDE = rule("s: {doc.user: bob, name: x}\ncondition: s", number=3)
DOOR = rule(NAMED, number=4, logsource="category: door")


def correlation(number: int, kind: str, members: list[int], condition: str) -> str:
    ids = ", ".join(IDS[n] for n in members)
    return (
        f"title: both\nid: {IDS[number]}\nlevel: high\ncorrelation:\n  type: {kind}\n"
        f"  rules: [{ids}]\n  group-by: [ip]\n  timespan: 10m\n{condition}"
    )


def books(
    *unfilled: str, rows: int = 5_000, hours: float = 1, known: bool = True, **records: Any
) -> Books:
    """Return books of the gate, with columns that nobody fills."""
    arrived = NOW - timedelta(hours=hours)
    here = Presence(rows, True, arrived, frozenset(unfilled) if known else None)
    return Books(Look(NOW), {"gate": here}, records.get("records", {}))


def of(ready: Prepared, given: Books, number: int = 1) -> Vitals:
    return vitals(ready, given)[IDS[number]]


def test_a_rule_whose_fields_are_filled_is_well() -> None:
    ready = prepared(PLAIN)
    assert of(ready, books()).state == "not_run"
    record = {"last_run": "t", "last_success": "t", "last_error": None, "failing_since": None}
    found = of(ready, books(records={IDS[1]: record}))
    assert found.to_json() == NOTHING_KNOWN | record | {"health": "ok"}


def test_a_rule_that_needs_a_field_that_nobody_fills_cannot_fire() -> None:
    found = of(prepared(PLAIN), books("name"))
    assert found.state == "cannot_fire"
    assert found.cannot_fire == "field name never populated in 30 days"


def test_a_failing_rule_fails_before_anything_else_is_said() -> None:
    record = {"failing_since": "t", "last_error": "engine_rejected: no"}
    found = of(prepared(PLAIN), books("name", records={IDS[1]: record}))
    assert (found.state, found.to_json()["last_error"]) == ("failing", "engine_rejected: no")


def test_a_field_inside_a_document_is_unknown_unless_the_document_is_never_there() -> None:
    ready = prepared(INSIDE)
    assert of(ready, books(), 3).unknown == ("doc.user",)
    assert of(ready, books(), 3).cannot_fire == ""
    gone = of(ready, books("doc"), 3)
    assert gone.cannot_fire == "field doc.user never populated in 30 days"
    assert gone.unknown == ()


def test_books_that_do_not_know_columns_say_so() -> None:
    found = of(prepared(PLAIN), books(known=False))
    assert (found.cannot_fire, found.unknown) == ("", ("name",))


def test_a_rule_about_rows_that_cannot_be_told_apart_cannot_fire() -> None:
    found = of(prepared(DOOR), books("kind"), 4)
    assert found.cannot_fire == "field kind never populated in 30 days"
    assert of(prepared(DOOR), books("score"), 4).cannot_fire == ""


@pytest.mark.parametrize(
    ("presence", "told"),
    [
        (Presence(0, False), "no data yet"),
        (Presence(0, True), "no data for more than 30 days"),
        (Presence(9, True, NOW - timedelta(hours=31)), "no data for 31 hours"),
        (Presence(9, True, NOW - timedelta(hours=23)), ""),
        (Presence(9, True, None), ""),
    ],
)
def test_silence_is_told(presence: Presence, told: str) -> None:
    found = of(prepared(PLAIN), Books(Look(NOW), {"gate": presence}))
    assert found.no_data == told
    assert (found.state == "no_data") is bool(told)


def test_silence_may_be_of_no_interest() -> None:
    look = Look(NOW, silence=timedelta(0))
    here = Presence(9, True, NOW - timedelta(hours=500))
    assert of(prepared(PLAIN), Books(look, {"gate": here})).no_data == ""


COUNT = correlation(50, "event_count", [1, 2], "  condition: {gte: 3}\n")
BOTH = correlation(50, "temporal", [1, 2], "")


@pytest.mark.parametrize(
    ("text", "unfilled", "dead"),
    [
        (COUNT, ["name"], False),
        (COUNT, ["name", "cmd"], True),
        (BOTH, ["name"], True),
        (BOTH, ["score"], False),
    ],
)
def test_a_correlation_cannot_fire_without_enough_members(
    text: str, unfilled: list[str], dead: bool
) -> None:
    ready = prepared(PLAIN, OTHER, text)
    assert ready.refused == ()
    found = of(ready, books(*unfilled), 50)
    assert bool(found.cannot_fire) is dead
    if dead:
        assert "field name never populated" in found.cannot_fire


def told(given: Books, *texts: str) -> dict[str, list[tuple[bool, str]]]:
    checks: dict[str, list[tuple[bool, str]]] = {}
    for check in checkup(prepared(*texts), given):
        checks.setdefault(check.name, []).append((check.ok, check.detail))
        assert check.ok or check.fix
    return checks


def test_the_doctor_is_content_when_all_is_well() -> None:
    found = told(books(), PLAIN, OTHER)
    assert [ok for checks in found.values() for ok, _ in checks] == [True, True]


def test_the_doctor_names_each_missing_field_once_with_the_rules_that_need_it() -> None:
    many = [rule(NAMED, number=n) for n in range(10, 16)]
    ((ok, detail),) = told(books("name"), *many)["rule cannot fire"]
    assert not ok
    assert detail == (
        "gate: field name never populated in 30 days; "
        "needed by rule 10; rule 11; rule 12 and 3 more"
    )


def test_few_rows_say_nothing_of_a_field() -> None:
    assert "rules can fire" in told(books("name", rows=ENOUGH_ROWS - 1), PLAIN)
    assert "rule cannot fire" in told(books("name", rows=ENOUGH_ROWS), PLAIN)


def test_the_doctor_names_sources_that_stopped_and_not_those_that_never_began() -> None:
    ((ok, detail),) = told(books(hours=30), PLAIN)["source silent"]
    assert (ok, detail) == (False, "gate: no data for 30 hours")
    never = Books(Look(NOW), {"gate": Presence(0, False)})
    assert "source silent" not in told(never, PLAIN)


@pytest.mark.parametrize("late", [False, True])
def test_rows_that_nobody_judged_are_late_after_a_while(late: bool) -> None:
    state = MemoryState()
    assert pending_check(state, NOW).ok
    age = PATIENCE + timedelta(minutes=1 if late else -1)
    state.put(Put(PENDING, "x", {"committed_at": (NOW - age).isoformat()}, None))
    found = pending_check(state, NOW)
    assert found.ok is not late
    assert found.detail.startswith("1 objects are not judged yet")
    assert found.fix == "mantissa detect"


def test_books_are_read_from_the_state() -> None:
    state = MemoryState()
    state.put(Put(HEALTH, IDS[1], {"last_run": "t"}, None))
    found = open_books(state, prepared(PLAIN), Look(NOW))
    assert found.tables == {SPEC.table.name: Presence(0, False)}
    assert found.records == {IDS[1]: {"last_run": "t"}}
