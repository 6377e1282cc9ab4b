"""Correlations worked out by hand: what matched, which spans are judged, what must be found.

Times are in seconds after the start (whole milliseconds). A match is `member time`, with
`key=` and `value=`; its event's id is `e` with its place in the list, unless `id=` names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mantissa.detection.correlation import Correlation, Expression, Joined, Negated, Seen
from support.correlation_reference import Found, Match, Times
from support.correlations import EVERYTHING, correlation


@dataclass(frozen=True)
class Case:
    """One world.

    Args:
        found: (key, crossing, event, first, last, events, measure), times in seconds.
    """

    name: str
    correlation: Correlation
    matches: tuple[Match, ...]
    found: tuple[Found, ...]
    spans: Times = EVERYTHING


def _match(number: int, text: str) -> Match:
    member, time, *rest = text.split()
    given = dict(part.split("=", 1) for part in rest)
    key: str | None = given.get("key", "[]")
    return Match(
        round(float(time) * 1000),
        member,
        given.get("id", f"e{number}"),
        None if key == "NULL" else key,
        given.get("value"),
    )


def case(
    name: str,
    about: Correlation,
    matches: Sequence[str],
    found: Sequence[tuple[str, float, str, float, float, int, float]],
    spans: Sequence[tuple[float, float]] = (),
) -> Case:
    """Make a case."""
    islands = [
        Found(key, _ms(at), event, _ms(first), _ms(last), events, f"{measure:.9g}")
        for key, at, event, first, last, events, measure in found
    ]
    times = tuple((_ms(start), _ms(end)) for start, end in spans) or EVERYTHING
    rows = tuple(_match(number, text) for number, text in enumerate(matches))
    return Case(name, about, rows, tuple(sorted(islands)), times)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def all_of(*parts: Expression | str) -> Expression:
    """Join with `and`; a letter is a member."""
    return Joined("and", tuple(Seen(p) if isinstance(p, str) else p for p in parts))


def any_of(*parts: Expression | str) -> Expression:
    """Join with `or`."""
    return Joined("or", tuple(Seen(p) if isinstance(p, str) else p for p in parts))


def no(part: Expression | str) -> Expression:
    """Negate."""
    return Negated(Seen(part) if isinstance(part, str) else part)


def _values(*pairs: tuple[float, str]) -> list[str]:
    return [f"a {time} value={value}" if value else f"a {time}" for time, value in pairs]


THREE = correlation("event_count", "gte", 3, seconds=300)
TWO_VALUES = correlation("value_count", "gte", 2, seconds=300)
BOTH = correlation("temporal", "gte", 2, members="ab", seconds=300)
ORDER = correlation("temporal_ordered", "gte", 3, members="abc", seconds=300)


def _sum(operator: str, number: float) -> Correlation:
    return correlation("value_sum", operator, number, seconds=300)


def _avg(operator: str, number: float) -> Correlation:
    return correlation("value_avg", operator, number, seconds=300)


def _median(operator: str, number: float) -> Correlation:
    return correlation("value_median", operator, number, seconds=300)


def _percentile(operator: str, number: float, percentile: float) -> Correlation:
    return correlation("value_percentile", operator, number, seconds=300, percentile=percentile)


COUNTS = [
    case("fires at the third", THREE, ["a 0", "a 10", "a 20"], [("[]", 20, "e2", 0, 20, 3, 3)]),
    case("two are too few", THREE, ["a 0", "a 10"], []),
    case(
        "exactly the timespan is inside",
        THREE,
        ["a 0", "a 10", "a 300"],
        [("[]", 300, "e2", 0, 300, 3, 3)],
    ),
    case("a millisecond more is outside", THREE, ["a 0", "a 10", "a 300.001"], []),
    case(
        "those that follow are the same island",
        THREE,
        ["a 0", "a 10", "a 20", "a 200", "a 310"],
        [("[]", 20, "e2", 0, 310, 3, 3)],
    ),
    case(
        "an event that is no hit ends the island",
        THREE,
        ["a 0", "a 10", "a 20", "a 315", "a 316", "a 317"],
        [("[]", 20, "e2", 0, 20, 3, 3), ("[]", 316, "e4", 20, 317, 3, 3)],
    ),
    case(
        "a gap of exactly the timespan goes on",
        correlation("event_count", "gte", 1, seconds=300),
        ["a 0", "a 300"],
        [("[]", 0, "e0", 0, 300, 1, 1)],
    ),
    case(
        "a gap of a millisecond more does not",
        correlation("event_count", "gte", 1, seconds=300),
        ["a 0", "a 300.001"],
        [("[]", 0, "e0", 0, 0, 1, 1), ("[]", 300.001, "e1", 300.001, 300.001, 1, 1)],
    ),
    case(
        "all of one time see each other, the smallest id is named",
        THREE,
        ["a 5 id=z", "a 5 id=x", "a 5 id=y"],
        [("[]", 5, "x", 5, 5, 3, 3)],
    ),
    case(
        "each group for itself",
        THREE,
        ['a 0 key=["x"]', 'a 1 key=["y"]', 'a 2 key=["x"]', 'a 3 key=["y"]', 'a 4 key=["x"]'],
        [('["x"]', 4, "e4", 0, 4, 3, 3)],
    ),
    case("an event without a group is none", THREE, ["a 0 key=NULL"] * 4, []),
    case("an event that was written twice counts once", THREE, ["a 0", "a 1 id=e0", "a 2"], []),
    case(
        "what is no member any more does not count",
        THREE,
        ["a 0", "z 1", "a 2"],
        [],
    ),
    case(
        "an event that two members matched counts for both",
        correlation("event_count", "gte", 3, members="ab", seconds=300),
        ["a 0", "a 1", "b 1 id=e1"],
        [("[]", 1, "e1", 0, 1, 3, 3)],
    ),
    case(
        "fewer than",
        correlation("event_count", "lt", 2, seconds=300),
        ["a 0", "a 10", "a 400"],
        [("[]", 0, "e0", 0, 0, 1, 1), ("[]", 400, "e2", 400, 400, 1, 1)],
    ),
    case(
        "at most",
        correlation("event_count", "lte", 2, seconds=300),
        ["a 0", "a 10", "a 20", "a 315"],
        [("[]", 0, "e0", 0, 10, 1, 1), ("[]", 315, "e3", 20, 315, 2, 2)],
    ),
    case(
        "exactly",
        correlation("event_count", "eq", 2, seconds=300),
        ["a 0", "a 10", "a 20", "a 315"],
        [("[]", 10, "e1", 0, 10, 2, 2), ("[]", 315, "e3", 20, 315, 2, 2)],
    ),
    case(
        "not exactly",
        correlation("event_count", "neq", 2, seconds=300),
        ["a 0", "a 10", "a 20"],
        [("[]", 0, "e0", 0, 0, 1, 1), ("[]", 20, "e2", 0, 20, 3, 3)],
    ),
    case(
        "more than",
        correlation("event_count", "gt", 2, seconds=300),
        ["a 0", "a 10", "a 20"],
        [("[]", 20, "e2", 0, 20, 3, 3)],
    ),
    case(
        "a year",
        correlation("event_count", "gte", 2, seconds=31_556_952),
        ["a -9000", "a 9000"],
        [("[]", 9000, "e1", -9000, 9000, 2, 2)],
    ),
]
SPANS = [
    case(
        "what begins before is not told again",
        THREE,
        ["a 0", "a 10", "a 20", "a 200", "a 310"],
        [],
        [(100, 400)],
    ),
    case(
        "what goes on after is told with what is read",
        THREE,
        ["a 0", "a 10", "a 20", "a 310", "a 311", "a 590", "a 591"],
        [("[]", 20, "e2", 0, 311, 3, 3)],
        [(15, 20)],
    ),
    case(
        "what begins up to a timespan later comes up",
        THREE,
        ["a 0", "a 290", "a 300"],
        [("[]", 300, "e2", 0, 300, 3, 3)],
        [(-10, 5)],
    ),
    case(
        "what begins more than a timespan later does not",
        THREE,
        ["a 200", "a 290", "a 305.001"],
        [],
        [(-10, 5)],
    ),
    case(
        "a window reaches back before the span, two timespans are read",
        THREE,
        ["a 0", "a 10", "a 300", "a 305"],
        [],
        [(305, 305)],
    ),
    case(
        "several spans, far and near",
        THREE,
        [f"a {t}" for t in (0, 1, 2, 2000, 2001, 2002, 4000, 4001, 4002, 4700, 4701, 4702)],
        [
            ("[]", 2, "e2", 0, 2, 3, 3),
            ("[]", 4002, "e8", 4000, 4002, 3, 3),
            ("[]", 4702, "e11", 4700, 4702, 3, 3),
        ],
        [(0, 5), (3999, 4010), (4700, 4700)],
    ),
    case(
        "between two spans nothing joins what is not read",
        correlation("event_count", "gte", 1, seconds=300),
        [f"a {t}" for t in range(0, 2400, 200)],
        [("[]", 0, "e0", 0, 200, 1, 1)],
        [(0, 0), (1800, 1800)],
    ),
]
VALUES = [
    case(
        "different values",
        TWO_VALUES,
        _values((0, "x"), (10, "x"), (20, "y")),
        [("[]", 20, "e2", 0, 20, 3, 2)],
    ),
    case(
        "a value leaves a timespan after it was last seen",
        TWO_VALUES,
        _values((0, "x"), (200, "x"), (500, "y"), (801, "y")),
        [("[]", 500, "e2", 200, 500, 2, 2)],
    ),
    case("and is gone a millisecond later", TWO_VALUES, _values((0, "x"), (300.001, "y")), []),
    case(
        "a value that comes back counts once",
        correlation("value_count", "gte", 3, seconds=300),
        _values((0, "x"), (10, "y"), (299, "x"), (305, "z")),
        [("[]", 305, "e3", 10, 305, 3, 3)],
    ),
    case("no value is none", TWO_VALUES, _values((0, "x"), (10, ""), (20, "")), []),
    case(
        "nor does it stop others from being seen at its time",
        TWO_VALUES,
        _values((0, "x"), (10, "y"), (20, "")),
        [("[]", 10, "e1", 0, 20, 2, 2)],
    ),
    case(
        "values of one time",
        TWO_VALUES,
        _values((0, "x"), (0, "y")),
        [("[]", 0, "e0", 0, 0, 2, 2)],
    ),
    case(
        "few values",
        correlation("value_count", "eq", 0, seconds=300),
        _values((0, ""), (10, "x"), (400, "")),
        [("[]", 0, "e0", 0, 0, 1, 0), ("[]", 400, "e2", 400, 400, 1, 0)],
    ),
    case(
        "several fields are one text",
        TWO_VALUES,
        _values((0, '["x",null]'), (1, '["x","y"]')),
        [("[]", 1, "e1", 0, 1, 2, 2)],
    ),
]
NUMBERS = [
    case(
        "a sum",
        _sum("gte", 10),
        _values((0, "4"), (10, "5.5"), (20, "0.5"), (301, "1")),
        [("[]", 20, "e2", 0, 20, 3, 10)],
    ),
    case(
        "ten tenths are one",
        _sum("eq", 1),
        _values(*((n, "0.1") for n in range(10))),
        [("[]", 9, "e9", 0, 9, 10, 1)],
    ),
    case(
        "a large number that left leaves nothing behind",
        _sum("eq", 0.3),
        _values((0, "1e17"), (301, "0.1"), (302, "0.2")),
        [("[]", 302, "e2", 301, 302, 2, 0.3)],
    ),
    case(
        "what is no number is ignored",
        _sum("lt", 3),
        _values((0, "NaN"), (10, "1_0"), (20, "x"), (30, ""), (40, "2")),
        [("[]", 40, "e4", 0, 40, 5, 2)],
    ),
    case("without a number there is no sum", _sum("lt", 3), _values((0, "x"), (10, "")), []),
    case(
        "negative numbers",
        _sum("lte", -1.5),
        _values((0, "-0.7"), (10, "-0.8"), (20, "4")),
        [("[]", 10, "e1", 0, 10, 2, -1.5)],
    ),
    case(
        "a number beyond all measure",
        _sum("gt", 1e17),
        _values((0, "1e999"), (1, "-5")),
        [("[]", 0, "e0", 0, 1, 1, 1e18)],
    ),
    case(
        "an average",
        _avg("gt", 4),
        _values((0, "4"), (10, "x"), (20, "5")),
        [("[]", 20, "e2", 0, 20, 3, 4.5)],
    ),
    case(
        "an average of thirds",
        _avg("lt", 0.34),
        _values((0, "1"), (1, "0"), (2, "0")),
        [("[]", 2, "e2", 0, 2, 3, 1 / 3)],
    ),
    case(
        "a median of an odd number",
        _median("gte", 5),
        _values((0, "1"), (1, "9"), (2, "6")),
        [("[]", 1, "e1", 0, 2, 2, 5)],
    ),
    case(
        "a median lies between the two in the middle",
        _median("eq", 2.5),
        _values((0, "1"), (1, "4"), (2, "3"), (3, "2")),
        [("[]", 1, "e1", 0, 1, 2, 2.5), ("[]", 3, "e3", 0, 3, 4, 2.5)],
    ),
    case(
        "a median far from the threshold is told as it is",
        _median("gt", 1),
        _values((0, "70"), (1, "90"), (2, "80"), (3, "x")),
        [("[]", 0, "e0", 0, 3, 1, 70)],
    ),
    case(
        "a percentile is interpolated",
        _percentile("gte", 9.5, 95),
        _values((0, "0"), (1, "10")),
        [("[]", 1, "e1", 0, 1, 2, 9.5)],
    ),
    case(
        "a percentile that falls on a number is that number",
        _percentile("eq", 57, 57),
        _values(*((0, str(n)) for n in range(101))),
        [("[]", 0, "e0", 0, 0, 101, 57)],
    ),
    case(
        "the least and the greatest",
        _percentile("lt", 3, 0),
        _values((0, "5"), (1, "2"), (2, "7")),
        [("[]", 1, "e1", 0, 2, 2, 2)],
    ),
    case(
        "the hundredth",
        _percentile("gt", 6, 100),
        _values((0, "5"), (1, "2"), (2, "7")),
        [("[]", 2, "e2", 0, 2, 3, 7)],
    ),
    case("no number, no percentile", _percentile("gte", 0, 50), _values((0, "x"), (1, "")), []),
]
TEMPORAL = [
    case("both, in any order", BOTH, ["b 0", "a 300"], [("[]", 300, "e1", 0, 300, 2, 2)]),
    case("not within the timespan", BOTH, ["b 0", "a 300.001"], []),
    case("one of them twice is not both", BOTH, ["a 0", "a 1"], []),
    case("both at one time", BOTH, ["b 7", "a 7"], [("[]", 7, "e0", 7, 7, 2, 2)]),
    case("one event for both", BOTH, ["b 7 id=x", "a 7 id=x"], [("[]", 7, "x", 7, 7, 2, 2)]),
    case("of different groups", BOTH, ["b 0 key=k", "a 1 key=l"], []),
    case(
        "two of three",
        correlation("temporal", "gte", 2, members="abc", seconds=300),
        ["c 0", "a 5", "b 9"],
        [("[]", 5, "e1", 0, 9, 2, 2)],
    ),
    case(
        "only one of two",
        correlation("temporal", "lt", 2, members="ab", seconds=300),
        ["a 0", "b 5", "b 400"],
        [("[]", 0, "e0", 0, 0, 1, 1), ("[]", 400, "e2", 400, 400, 1, 1)],
    ),
    case(
        "an expression",
        correlation(
            "temporal", members="abc", seconds=300, expression=all_of("a", any_of("b", "c"))
        ),
        ["b 0", "c 1", "a 2", "a 400"],
        [("[]", 2, "e2", 0, 2, 3, 3)],
    ),
    case(
        "an expression that a later event makes false",
        correlation("temporal", members="abc", seconds=300, expression=all_of("a", "b", no("c"))),
        ["a 0", "b 1", "c 2", "b 3", "a 302.001", "b 302.002"],
        [("[]", 1, "e1", 0, 1, 2, 2), ("[]", 302.001, "e4", 3, 302.002, 2, 2)],
    ),
    case(
        "not both",
        correlation("temporal", members="ab", seconds=300, expression=no(all_of("a", "b"))),
        ["a 0", "b 1"],
        [("[]", 0, "e0", 0, 0, 1, 1)],
    ),
]
ORDERED = [
    case("in order", ORDER, ["a 0", "b 10", "c 300"], [("[]", 300, "e2", 0, 300, 3, 3)]),
    case("too slow", ORDER, ["a 0", "b 10", "c 300.001"], []),
    case("in another order", ORDER, ["b 0", "a 10", "c 20"], []),
    case(
        "one time is in any order",
        ORDER,
        ["c 5", "b 5", "a 5"],
        [("[]", 5, "e0", 5, 5, 3, 3)],
    ),
    case(
        "the latest beginning counts",
        ORDER,
        ["a 0", "a 200", "b 250", "c 400"],
        [("[]", 400, "e3", 200, 400, 3, 3)],
    ),
    case(
        "a beginning after the middle does not help",
        ORDER,
        ["a 0", "b 250", "a 260", "c 400"],
        [],
    ),
    case(
        "complete while it lies within the timespan",
        ORDER,
        ["a 0", "b 1", "c 2", "a 299", "a 301"],
        [("[]", 2, "e2", 0, 299, 3, 3)],
    ),
    case(
        "one event is two steps",
        correlation("temporal_ordered", "gte", 2, members="ab", seconds=300),
        ["a 0 id=x", "b 0 id=x"],
        [("[]", 0, "x", 0, 0, 2, 2)],
    ),
    case(
        "the order of an expression, and nothing of c",
        correlation(
            "temporal_ordered", members="abc", seconds=300, expression=all_of("b", "a", no("c"))
        ),
        ["a 0", "b 1", "a 2", "c 3", "a 4"],
        [("[]", 2, "e2", 0, 2, 3, 2)],
    ),
    case(
        "a step of two rules",
        correlation(
            "temporal_ordered", members="abc", seconds=300, expression=all_of("a", any_of("b", "c"))
        ),
        ["c 0", "a 1", "c 2"],
        [("[]", 2, "e2", 0, 2, 3, 2)],
    ),
    case(
        "either of two orders",
        correlation(
            "temporal_ordered",
            members="abc",
            seconds=300,
            expression=any_of(all_of("a", "b"), all_of("c", "a")),
        ),
        ["b 0", "c 10", "a 20"],
        [("[]", 20, "e2", 0, 20, 3, 3)],
    ),
]
CASES = [*COUNTS, *SPANS, *VALUES, *NUMBERS, *TEMPORAL, *ORDERED]
