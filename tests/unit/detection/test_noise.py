"""A rule's measured noise: read, put into words, and known to be old when the rule has changed."""

from __future__ import annotations

import json

import pytest

from mantissa.detection.noise import Noise, read_noise
from mantissa.model import RuleInfo, Severity

LINE = {"version": "abc", "records": 4_000, "matches": 3}
TEXT = json.dumps(
    {
        "rules": {
            "r1": LINE
            | {
                "constructed": {"records": 20, "matches": 1},
                "surroundings": {"records": 9, "matches": 2},
            }
        }
    }
).encode()


def info(rule_id: str = "r1", version: str = "abc") -> RuleInfo:
    return RuleInfo(rule_id, "a title", Severity.LOW, version=version)


def test_a_measure_is_read() -> None:
    assert read_noise(TEXT, info()) == Noise(4_000, 3, 20, 1, 9, 2)


def test_a_rule_that_was_never_measured_has_none() -> None:
    assert read_noise(TEXT, info("r2")) is None


def test_a_rule_that_has_changed_says_so() -> None:
    found = read_noise(TEXT, info(version="abd"))
    assert found is not None
    assert not found.is_current
    assert list(found.words())[-1] == "the rule has changed since"


@pytest.mark.parametrize(
    ("noise", "rate", "words"),
    [
        (
            Noise(4_000, 3, 20, 1),
            75.0,
            ["3 of 4,000 benign recorded events (75.0 in 100,000)", "1 of 20 made-up events"],
        ),
        (Noise(2_000, 0, 0, 0), 0.0, ["0 of 2,000 benign recorded events (0.0 in 100,000)"]),
        (
            Noise(0, 0, 7, 0, 1_200, 1),
            None,
            [
                "not known: no benign recorded events of its log source",
                "0 of 7 made-up events",
                "1 of 1,200 events around recorded attacks of other kinds",
            ],
        ),
    ],
)
def test_nothing_judged_is_not_the_same_as_no_match(
    noise: Noise, rate: float | None, words: list[str]
) -> None:
    assert noise.per_100k == rate
    assert noise.to_json()["per_100k"] == rate
    assert list(noise.words()) == words
