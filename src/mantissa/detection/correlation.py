"""A Sigma correlation as the product carries it: rules whose matches, taken together, mean something.

    member rules ──fused scan──▶ rows of `matches` ──one SELECT per correlation──▶ islands ──▶ findings

A correlation is judged over the table `matches`: one row for each event that a member rule matched,
with the correlation's group key and value. It fires at an event when its condition over the
timespan that ends there becomes true; events at which it stays true are one island.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256

from mantissa.detection.rule import RuleTest
from mantissa.model import RuleInfo


class Kind(StrEnum):
    """What is asked of the members' matches, in Sigma's words."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    VALUE_SUM = "value_sum"
    VALUE_AVG = "value_avg"
    VALUE_MEDIAN = "value_median"
    VALUE_PERCENTILE = "value_percentile"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A comparison with a number.

    Args:
        operator: lt, lte, gt, gte, eq or neq.
    """

    operator: str
    number: int | float


@dataclass(frozen=True, slots=True)
class Member:
    """A rule or correlation that a correlation refers to.

    Args:
        name: how the correlation calls it, which its extended condition uses.
        id: its id.
    """

    name: str
    id: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether a member, given by its id, matched within the timespan."""

    member: str


@dataclass(frozen=True, slots=True)
class Negated:
    """Whether something is not so."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Joined:
    """Whether all of several things are so, or any.

    Args:
        operator: `and` or `or`.
    """

    operator: str
    parts: tuple[Expression, ...]


Expression = Seen | Negated | Joined
"""An extended condition: which members must, and must not, have matched within the timespan."""


@dataclass(frozen=True, slots=True, eq=False)
class Correlation:
    """A parsed Sigma correlation; compared by identity, so that it can name what was made of it.

    Args:
        members: what it refers to, in the order in which it names them.
        group_by: fields, or aliases, whose values must be the same; empty for one group.
        aliases: alias → id of a member → the field of that member.
        threshold: what the count, number of distinct values, sum … is compared with; for temporal
            kinds the number of different members. None when there is an expression.
        expression: the extended condition of a temporal kind.
        value_fields: fields whose values are counted or added.
        percentile: 0 to 100, for `value_percentile`.
        name: how outer correlations may call it besides its id; empty when it has none.
        generate: whether the members also report what they match by themselves.
    """

    info: RuleInfo
    kind: Kind
    members: tuple[Member, ...]
    span: timedelta
    group_by: tuple[str, ...] = ()
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    threshold: Threshold | None = None
    expression: Expression | None = None
    value_fields: tuple[str, ...] = ()
    percentile: float = 50
    generate: bool = False
    status: str = ""
    tests: tuple[RuleTest, ...] = ()
    path: str = ""
    line: int = 1
    name: str = ""
    enabled: bool = True
    text: str = field(default="", repr=False)

    @property
    def grouping(self) -> str:
        """Twelve hex digits that change with what its matches' keys and values mean."""
        aliases = sorted((name, sorted(of.items())) for name, of in self.aliases.items())
        said = repr((self.group_by, aliases, self.value_fields))
        return sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:12]
