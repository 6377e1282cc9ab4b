"""Random matches, and correlations of every kind and operator, near each other's boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import strategies as st

from mantissa.detection.correlation import Correlation
from support.correlation_cases import all_of, any_of, no
from support.correlation_reference import Match, Times
from support.correlations import EVERYTHING, correlation

SECONDS = 10
_OPERATORS = ("lt", "lte", "gt", "gte", "eq", "neq")
_VALUES = (None, "x", "", "1", "2", "2.5", "-3", "1e2", "0.1", "-0.25", "2.0")
_NUMBERS = {
    "event_count": (2, 3),
    "value_count": (2, 1),
    "value_sum": (2.6, 4),
    "value_avg": (1.75, 2),
    "value_median": (1.75, 2),
}
_EXPRESSIONS = (
    all_of("a", "b"),
    any_of("a", all_of("b", no("c"))),
    no(all_of("a", "b")),
    all_of(any_of("a", "b"), no("c")),
    all_of("c", any_of(no("a"), "b")),
)
_ORDERS = (
    all_of("b", "a"),
    all_of("a", "b", no("c")),
    all_of(any_of("a", "c"), "b"),
    any_of(all_of("a", "b"), all_of("b", "c")),
    all_of("a", "b", no(all_of("c", "a"))),
)
CORRELATIONS: tuple[Correlation, ...] = (
    *(
        correlation(kind, operator, number, members="ab", seconds=SECONDS)
        for kind, numbers in _NUMBERS.items()
        for number in numbers
        for operator in _OPERATORS
    ),
    *(
        correlation(
            "value_percentile", operator, 2, members="abc", seconds=SECONDS, percentile=percentile
        )
        for percentile in (0, 57, 95, 99.9, 100)
        for operator in ("lt", "gte", "eq")
    ),
    *(
        correlation("temporal", operator, 2, members="abc", seconds=SECONDS)
        for operator in _OPERATORS
    ),
    *(
        correlation("temporal", members="abc", seconds=SECONDS, expression=expression)
        for expression in _EXPRESSIONS
    ),
    correlation("temporal_ordered", "gte", 2, members="ba", seconds=SECONDS),
    correlation("temporal_ordered", "gte", 3, members="cab", seconds=SECONDS),
    *(
        correlation("temporal_ordered", members="abc", seconds=SECONDS, expression=expression)
        for expression in _ORDERS
    ),
)

_TIMES = st.builds(
    lambda second, more: second * 1000 + more,
    st.integers(0, 50),
    st.sampled_from((0, 0, 0, 0, 1, -1)),
)
MATCHES = st.lists(
    st.builds(
        Match,
        time=_TIMES,
        member=st.sampled_from("abc"),
        event_id=st.sampled_from([f"e{n}" for n in range(40)]),
        key=st.sampled_from(["k", "k", "k", "l", None]),
        value=st.sampled_from(_VALUES),
    ),
    max_size=25,
    unique_by=lambda match: (match.member, match.event_id),
)
_SPAN = st.tuples(st.integers(-5, 60), st.integers(0, 15)).map(
    lambda s: (s[0] * 1000, (s[0] + s[1]) * 1000)
)


def _disjoint(spans: Sequence[tuple[int, int]]) -> Times:
    kept: list[tuple[int, int]] = []
    for span in sorted(spans):
        if not kept or span[0] > kept[-1][1]:
            kept.append(span)
    return tuple(kept)


SPANS = st.one_of(st.just(EVERYTHING), st.lists(_SPAN, min_size=1, max_size=4).map(_disjoint))


def random_sets(seed: int, sets: int) -> list[Match]:
    """Return matches of that many sets, each a group of its own."""
    random = Random(seed)
    return [
        Match(
            random.randrange(0, 50) * 1000 + random.choice((0, 0, 0, 1, -1)),
            random.choice("abc"),
            f"s{number}e{n}",
            f"[{number}]",
            random.choice(_VALUES),
        )
        for number in range(sets)
        for n in range(random.randrange(1, 20))
    ]


def random_spans(seed: int) -> Times:
    """Return some disjoint spans."""
    random = Random(seed)
    starts = [random.randrange(-5, 60) for _ in range(random.randrange(1, 4))]
    return _disjoint([(s * 1000, (s + random.randrange(12)) * 1000) for s in starts])
