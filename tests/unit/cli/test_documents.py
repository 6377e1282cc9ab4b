import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from mantissa.entrypoints.cli.documents import to_json
from mantissa.model import Secret, Severity


@dataclass(frozen=True)
class Sample:
    level: Severity
    secret: Secret


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (2**70, 2**70),
        (Decimal("1.10"), "1.10"),
        (b"\x00\xff", "00ff"),
        (datetime(2024, 1, 2, 3, 4, 5, 600000, tzinfo=UTC), "2024-01-02T03:04:05.600000Z"),
        (datetime(2024, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))), "2024-01-02T01:00:00Z"),
        (date(2024, 1, 2), "2024-01-02"),
        (timedelta(minutes=1), 60.0),
        (Path("/a"), "/a"),
        (("a", [Severity.HIGH]), ["a", ["high"]]),
        ({Severity.LOW: 1, 2: {"x": None}}, {"low": 1, "2": {"x": None}}),
    ],
)
def test_values_become_plain_json(value: object, plain: object) -> None:
    assert json.loads(to_json(value)) == plain


def test_a_secret_never_reaches_a_document() -> None:
    text = to_json(Sample(Severity.HIGH, Secret("canary-7319")))
    assert json.loads(text) == {"level": "high", "secret": {}}


def test_numbers_that_json_lacks_stay_valid_json() -> None:
    json.loads(to_json([float("inf")]), parse_constant=pytest.fail)
