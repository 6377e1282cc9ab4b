"""Which fields a condition cannot do without, worked out and held against what rules do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mantissa.detection.possible import fields_of, outcome
from support.detection import firing, parsed, rule


def conditions(detection: str) -> tuple[Any, ...]:
    (one,) = parsed(rule(detection)).rules
    return one.conditions


def missing(detection: str, *absent: str) -> set[str] | None:
    """Return the fields for want of which a rule cannot fire, or None if it may."""
    found = outcome(conditions(detection), lambda name: name in absent)
    return set(found.because) if found.holds is False else None


@pytest.mark.parametrize(
    ("detection", "absent", "expected"),
    [
        ("s: {name: bob}\ncondition: s", ["name"], {"name"}),
        ("s: {name: bob}\ncondition: s", ["cmd"], None),
        ("s: {name: [bob, eve]}\ncondition: s", ["name"], {"name"}),
        ("s: {name: bob, cmd: x}\ncondition: s", ["cmd"], {"cmd"}),
        ("a: {name: bob}\nb: {cmd: x}\ncondition: a or b", ["name"], None),
        ("a: {name: bob}\nb: {cmd: x}\ncondition: a or b", ["name", "cmd"], {"name", "cmd"}),
        ("a: {name: bob, ip: i}\nb: {name: b, cmd: x}\ncondition: a or b", ["name"], {"name"}),
        ("a: {name: bob}\nb: {cmd: x}\ncondition: a and not b", ["cmd"], None),
        ("a: {name: bob}\nb: {cmd: null}\ncondition: a and not b", ["cmd"], {"cmd"}),
        ("a: {name: bob, cmd: null}\ncondition: a", ["cmd"], None),
        ("a: {name: [bob, null]}\ncondition: a", ["name"], None),
        ("a: {name|exists: true}\ncondition: a", ["name"], {"name"}),
        ("a: {name|exists: false}\ncondition: a", ["name"], None),
        ("a: {name: ''}\ncondition: a", ["name"], {"name"}),
        ("a: {name: '*'}\ncondition: a", ["name"], {"name"}),
        ("a: {name|fieldref: cmd}\ncondition: a", ["cmd"], {"cmd"}),
        ("a: {name|re: '.*'}\ncondition: a", ["name"], {"name"}),
        ("a: {code|neq: 5}\ncondition: a", ["code"], None),
        ("a: {name|base64offset|contains: x}\ncondition: a", ["name"], {"name"}),
        ("a: [bob, eve]\ncondition: a", ["name"], None),
        ("a: {name: bob}\nb: {cmd: x}\ncondition: 1 of them", ["name"], None),
        ("a: {name: bob}\nb: {cmd: x}\ncondition: all of them", ["name"], {"name"}),
        ("a: {name: x, cmd: x, ip: x}\ncondition: a", ["cmd", "ip"], {"cmd"}),
    ],
)
def test_a_condition_needs(detection: str, absent: list[str], expected: set[str] | None) -> None:
    assert missing(detection, *absent) == expected


def test_of_several_conditions_one_must_hold() -> None:
    both = [*conditions("s: {name: bob}\ncondition: s"), *conditions("s: {cmd: x}\ncondition: s")]
    assert outcome(both, lambda name: name == "name").holds is None
    assert outcome(both, lambda name: True).holds is False


def test_every_field_that_is_tested_is_found() -> None:
    text = "a: {name: bob, cmd|fieldref: ip}\nb: {doc.x: 1}\ncondition: a and not b"
    assert fields_of(conditions(text)) == ["name", "cmd", "ip", "doc.x"]


LEAVES = st.sampled_from(
    [
        "{name: bob}",
        "{cmd: null}",
        "{cmd|contains: evil}",
        "{ip: '192.0.2.1', name: '*'}",
        "{name: [bob, null]}",
        "{cmd|exists: false}",
        "{name|exists: true}",
        "{cmd|fieldref: name}",
    ]
)
SHAPES = st.sampled_from(
    ["a and b and c", "a or b or c", "a and not b or c", "not (a or b) and c", "not a and (b or c)"]
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["bob", "eve", ""]),
        "cmd": st.sampled_from(["evil", "bob", ""]),
        "ip": st.just("192.0.2.1"),
    },
)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(LEAVES, LEAVES, LEAVES),
    SHAPES,
    st.sets(st.sampled_from(["name", "cmd", "ip"]), min_size=1),
    st.lists(VALUES, min_size=4, max_size=8),
)
def test_what_comes_out_decided_is_what_the_engine_does(
    leaves: tuple[str, str, str], shape: str, absent: set[str], events: list[dict[str, str]]
) -> None:
    parts = "\n".join(f"{name}: {leaf}" for name, leaf in zip("abc", leaves, strict=True))
    text = f"{parts}\ncondition: {shape}"
    found = outcome(conditions(text), lambda name: name in absent)
    kept = [{k: v for k, v in event.items() if k not in absent} for event in events]
    fired = {bool(rules) for rules in firing(kept, rule(text))}
    if found.holds is not None:
        assert fired == {found.holds}
        assert found.because <= absent
