"""Correlations on DuckDB: worked by hand, and against brute force."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.correlate_sql import Span, correlation_sql, moment_literal
from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import DUCKDB, TRINO
from support.correlation_cases import CASES, THREE, Case
from support.correlation_reference import Found, Match, Times, islands
from support.correlation_sets import CORRELATIONS, MATCHES, SECONDS, SPANS, random_sets
from support.correlations import EVERYTHING, correlation, judge

SPAN = SECONDS * 1000
TABLE = exp.Table(this=exp.to_identifier("matches", quoted=True))


def found(about: Correlation, matches: Iterable[Match], spans: Times = EVERYTHING) -> list[Found]:
    name = about.info.id
    return judge([(about, spans)], {name: list(matches)}, DUCKDB, RowsEngine)[name]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_worked_by_hand(case: Case) -> None:
    assert found(case.correlation, case.matches, case.spans) == list(case.found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_brute_force_says_what_was_worked_by_hand(case: Case) -> None:
    assert islands(case.correlation, case.matches, case.spans) == list(case.found)


@settings(max_examples=120)
@given(about=st.sampled_from(CORRELATIONS), matches=MATCHES, spans=SPANS)
def test_what_brute_force_finds(about: Correlation, matches: list[Match], spans: Times) -> None:
    assert found(about, matches, spans) == islands(about, matches, spans)


def test_a_match_that_was_written_twice_changes_nothing() -> None:
    matches = [Match(n * 1000, "a", f"e{n}", "k", str(n)) for n in range(6)]
    for about in CORRELATIONS:
        assert found(about, matches * 2) == found(about, matches)


def test_correlations_are_asked_together_and_see_only_their_own_matches() -> None:
    two = correlation("event_count", "gte", 2)
    matches = {THREE.info.id: _at(0, 1), two.info.id: _at(5, 6)}
    answer = judge([(THREE, EVERYTHING), (two, EVERYTHING)], matches, DUCKDB, RowsEngine)
    assert [f.crossing for f in answer[two.info.id]] == [6000]
    assert answer[THREE.info.id] == []


def _at(*seconds: int) -> list[Match]:
    return [Match(second * 1000, "a", f"e{second}") for second in seconds]


@dataclass
class Run:
    """A run that judges new matches again and again, and what it remembers.

    Args:
        reaches: whether it looks at islands that begin up to a timespan after what is new.
        follows: whether it also remembers where an island begins that was told before.
    """

    about: Correlation
    find: Callable[[Correlation, list[Match], Times], list[Found]] = found
    reaches: bool = True
    follows: bool = True
    told: set[tuple[str, int]] = field(default_factory=set)
    here: list[Match] = field(default_factory=list)

    def take(self, new: list[Match]) -> None:
        """Judge the windows that new matches lie in."""
        self.here += new
        spans = _touched(new)
        for island in self.find(self.about, self.here, spans):
            near = any(start <= island.crossing <= end for start, end in spans)
            if (near or self.reaches) and (self.follows or not self.knows(island)):
                self.told.add((island.key, island.crossing))

    def knows(self, island: Found) -> bool:
        """Tell whether an island holds an event that was told."""
        times = [time for key, time in self.told if key == island.key]
        return any(island.crossing <= time <= island.last for time in times)

    def missed(self) -> list[Found]:
        """Return the islands of all that came which were never told."""
        everything = islands(self.about, self.here, EVERYTHING)
        return [island for island in everything if not self.knows(island)]


@settings(max_examples=40)
@given(
    about=st.sampled_from(CORRELATIONS),
    matches=MATCHES,
    cuts=st.lists(st.integers(1, 6), max_size=8),
    random=st.randoms(use_true_random=False),
)
def test_judging_in_pieces_misses_no_island(
    about: Correlation, matches: list[Match], cuts: list[int], random: Random
) -> None:
    run, rest = Run(about), list(matches)
    random.shuffle(rest)
    for size in [*cuts, len(matches)]:
        new, rest = rest[:size], rest[size:]
        if new:
            run.take(new)
    assert run.missed() == []


AT_MOST_ONE = correlation("value_count", "lte", 1, members="ab", seconds=SECONDS)
ONE = correlation("value_count", "eq", 1, members="ab", seconds=SECONDS)


@pytest.mark.parametrize(
    ("about", "arrivals", "known_bad"),
    [
        (ONE, [(22, "2"), (17, "2"), (14, "2"), (18, "2.5")], {"follows": False}),
        (AT_MOST_ONE, [(21, "2"), (26, None), (12, "2.5")], {"reaches": False}),
    ],
)
def test_what_a_run_must_remember_and_look_at(
    about: Correlation, arrivals: list[tuple[int, str | None]], known_bad: dict[str, bool]
) -> None:
    right, wrong = Run(about), Run(about, **known_bad)
    for number, (second, value) in enumerate(arrivals):
        for run in (right, wrong):
            run.take([Match(second * 1000, "a", f"e{number}", "k", value)])
    assert right.missed() == []
    assert len(wrong.missed()) == 1


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_arrival_tells_every_island(seed: int) -> None:
    random = Random(seed)
    for about in CORRELATIONS:
        run = Run(about, islands)
        arriving = random_sets(random.randrange(10**6), 3)
        random.shuffle(arriving)
        for match in arriving:
            run.take([match])
        assert run.missed() == [], about.info.id


def _touched(new: list[Match]) -> Times:
    """Return the times whose windows new matches are in."""
    spans: list[tuple[int, int]] = []
    for time in sorted({match.time for match in new}):
        if spans and time <= spans[-1][1]:
            spans[-1] = (spans[-1][0], time + SPAN)
        else:
            spans.append((time, time + SPAN))
    return tuple(spans)


def test_a_moment_is_written_in_utc_with_milliseconds() -> None:
    east = timezone(timedelta(hours=2))
    moment = datetime(2026, 1, 1, 1, 30, 0, 123_456, tzinfo=east)
    assert moment_literal(moment).sql("trino") == "CAST('2025-12-31 23:30:00.123' AS TIMESTAMP)"


def test_the_ends_of_the_calendar_are_no_error() -> None:
    whole = Span(datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
    year = correlation("event_count", "gte", 2, seconds=366 * 86_400)
    for dialect in (DUCKDB, TRINO):
        sql = correlation_sql(year, dialect, TABLE, [whole]).sql(dialect=dialect.name)
        assert "'0001-01-0" in sql
        assert "'9999-12-3" in sql


@pytest.mark.parametrize("kind", ["event_count", "temporal", "temporal_ordered"])
def test_only_needed_columns_are_read(kind: str) -> None:
    about = correlation(kind, "gte", 2, members="ab")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    sql = correlation_sql(about, TRINO, TABLE, [Span(now, now)]).sql(dialect="trino")
    for name in ("value", "source", "source_object", "run_id", "actor_user"):
        assert f'"{name}"' not in sql
