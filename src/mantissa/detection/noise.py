"""How often a rule of the library fires where there is no attack, as it was once measured.

The measure lies beside the rules (`rules/noise.json`, written by `make rule-noise`) and names the
version of each rule that it is of: a rule that has changed since says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from mantissa.model import RuleInfo

FILE = "noise.json"
"""Name of the measure in the folder of the library's rules."""


@dataclass(frozen=True, slots=True)
class Noise:
    """One rule's measure.

    Args:
        records: recorded events of its log sources among which no attack is known.
        matches: how many of them it fires on; of a correlation, how many findings it makes.
        samples: events made up to show what a log may hold, dangerous ones too.
        sample_matches: how many of those it fires on.
        surroundings: events of recorded attacks that the rule is not for.
        surrounding_matches: how many of those it fires on; at most noise.
        is_current: whether the rule is still the one that was measured.
    """

    records: int
    matches: int
    samples: int
    sample_matches: int
    surroundings: int = 0
    surrounding_matches: int = 0
    is_current: bool = True

    @property
    def per_100k(self) -> float | None:
        """Matches in 100,000 recorded events; None when there were none to judge."""
        return round(self.matches * 100_000 / self.records, 1) if self.records else None

    def to_json(self) -> dict[str, Any]:
        """Return it as commands give it."""
        return asdict(self) | {"per_100k": self.per_100k}

    def words(self) -> Iterator[str]:
        """Say it in words."""
        if self.records:
            yield (
                f"{self.matches:,} of {self.records:,} benign recorded events"
                f" ({self.per_100k:,} in 100,000)"
            )
        else:
            yield "not known: no benign recorded events of its log source"
        if self.samples:
            yield f"{self.sample_matches:,} of {self.samples:,} made-up events"
        if self.surroundings:
            yield (
                f"{self.surrounding_matches:,} of {self.surroundings:,}"
                " events around recorded attacks of other kinds"
            )
        if not self.is_current:
            yield "the rule has changed since"


def read_noise(text: bytes, info: RuleInfo) -> Noise | None:
    """Return a rule's measure; None for a rule that was never measured.

    Args:
        text: what the measure's file holds.
    """
    measured: Mapping[str, Any] = orjson.loads(text)["rules"]
    line = measured.get(info.id)
    if line is None:
        return None
    return Noise(
        records=line["records"],
        matches=line["matches"],
        samples=line["constructed"]["records"],
        sample_matches=line["constructed"]["matches"],
        surroundings=line["surroundings"]["records"],
        surrounding_matches=line["surroundings"]["matches"],
        is_current=line["version"] == info.version,
    )
