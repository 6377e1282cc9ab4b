"""`mantissa cost`: the document, the table, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import Shell


def test_the_document_holds_lines_assumptions_and_the_table_of_prices() -> None:
    told = Shell(None).json("cost", "--gb-per-day", "50", "--rules", "800")
    assert told["volumes"]["gb_per_day"] == 50
    assert told["monthly_usd"] == pytest.approx(sum(told["services"].values()), abs=0.1)
    assert {line["service"] for line in told["lines"]} == set(told["services"])
    assert told["prices"] == {"as_of": "2025-06", "verified": False}
    assert told["assumptions"]
    assert told["not_counted"]


def test_people_see_every_assumption_and_that_prices_are_not_verified() -> None:
    ran = Shell(None)("cost")
    for word in ("Athena", "share", "what changes it", "measured", "assumed", "Not counted"):
        assert word in ran.out
    assert "not verified" in ran.err


@pytest.mark.parametrize(
    "argv",
    [
        ("--gb-per-day", "-1"),
        ("--gb-per-day", "nan"),
        ("--gb-per-day", "inf"),
        ("--retention-days", "0"),
        ("--object-kb", "0"),
        ("--region", "mars-north-1"),
    ],
)
def test_nonsense_is_refused(argv: tuple[str, ...]) -> None:
    error = Shell(None)("cost", *argv, "--json", code=2).error
    assert error["code"] in ("config", "usage")


def test_a_table_of_prices_of_ones_own(tmp_path: Path) -> None:
    builtin = Path("src/mantissa/adapters/aws/prices.yaml")
    root = Path(__file__).parents[2]
    text = (root / builtin).read_text().replace("us-east-1", "eu-central-1")
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace("verified: false", "verified: true"))
    told = Shell(None).json("cost", "--region", "eu-central-1", "--prices", file)
    assert (told["region"], told["prices"]["verified"]) == ("eu-central-1", True)
