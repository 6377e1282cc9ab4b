"""Each stage is told by how long it came after the one before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mantissa.alerts.took import took

START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ({}, ""),
        ({"object": at(0)}, ""),
        (
            {
                "object": at(0),
                "row": at(2.13),
                "finding": at(25),
                "alert": at(25.04),
                "message": None,
            },
            "row +2.1 s, finding +23 s, alert +0.0 s",
        ),
        ({"finding": at(0), "alert": at(1), "message": at(601)}, "alert +1.0 s, message +10 min"),
        ({"object": at(0), "row": at(2 * 86_400)}, "row +2 d"),
        # Two clocks may disagree; nothing comes before what it follows from.
        ({"object": at(5), "row": at(4)}, "row +0.0 s"),
    ],
)
def test_stages(stages: dict[str, str | None], told: str) -> None:
    assert took(stages) == told
