"""Correlations on DuckDB: worked by hand, and against brute force."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.correlate_sql import Span, correlation_sql, moment_literal
from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import DUCKDB, TRINO
from support.correlation_cases import CASES, THREE, Case
from support.correlation_reference import Found, Match, Times, islands
from support.correlation_sets import CORRELATIONS, MATCHES, SECONDS, SPANS
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


@settings(max_examples=200)
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


@settings(max_examples=60)
@given(
    about=st.sampled_from(CORRELATIONS),
    matches=MATCHES,
    cuts=st.lists(st.integers(1, 6), max_size=8),
    data=st.randoms(use_true_random=False),
)
@example(
    about=correlation("event_count", "lt", 2, members="ab", seconds=SECONDS),
    matches=[Match(t, "a", f"e{t}", "k") for t in (0, 12_000, 6_000)],
    cuts=[1, 1, 1],
    data=None,
)
def test_judging_in_pieces_misses_no_island(
    about: Correlation, matches: list[Match], cuts: list[int], data: object
) -> None:
    """Matches arrive in any order; each time the windows that new ones lie in are judged again."""
    told = Told(about)
    rest, here = list(matches), []
    if data is not None:
        data.shuffle(rest)  # type: ignore[attr-defined]
    for size in [*cuts, len(matches)]:
        new, rest = rest[:size], rest[size:]
        here += new
        if new:
            told.take(new, here)
    for island in islands(about, matches, EVERYTHING):
        assert told.knows(island), (island, told.crossings)


class Told:
    """What a run remembers: crossings by group, also of islands that hold one told before."""

    def __init__(self, about: Correlation) -> None:
        self.about = about
        self.crossings: dict[str, set[int]] = {}
        self.reported: list[tuple[str, int]] = []

    def take(self, new: list[Match], here: list[Match]) -> None:
        for island in found(self.about, here, _touched(new)):
            if not self.knows(island):
                self.reported.append((island.key, island.crossing))
            self.crossings.setdefault(island.key, set()).add(island.crossing)

    def knows(self, island: Found) -> bool:
        told = self.crossings.get(island.key, ())
        return any(island.crossing <= time <= island.last for time in told)


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
