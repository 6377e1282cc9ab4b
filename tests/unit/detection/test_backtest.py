"""What rules would have found: counts, samples, spans, twins, failures and correlations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.backtest import Backtest, Judges, backtest, pieces, scans
from mantissa.detection.prepare import Prepared
from mantissa.errors import EngineRejected
from mantissa.model import QueryLimits, QueryResult, TimeRange
from support.detection import COUNTED, IDS, firing, prepared, rows_of, rule

SPAN = TimeRange(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC))
BOB = rule("s: {name: bob}\ncondition: s", number=1, head="fields: [cmd]\n")
EVIL = rule("s: {cmd|contains: evil}\ncondition: s", number=2)


def look(
    events: Sequence[Mapping[str, Any]],
    *texts: str,
    engine: Any = None,
    samples: int = 5,
    ready: Prepared | None = None,
    parts: Sequence[TimeRange] = (),
) -> Backtest:
    """Backtest rules over events."""
    judges = Judges(engine or RowsEngine({"gate": rows_of(events)}), RowsEngine, QueryLimits())
    return backtest(judges, ready or prepared(*texts), parts or [SPAN], samples)


def event(when: str, **fields: Any) -> dict[str, Any]:
    return {"when": f"2026-03-{when}Z", **fields}


def days_of(found: Backtest, number: int) -> dict[str, int]:
    return {day.isoformat(): n for day, n in found.rules[IDS[number]].days.items()}


def test_matches_are_counted_by_day() -> None:
    events = [
        event("02T00:00:00", name="bob"),
        event("02T23:59:59.999", name="bob", cmd="evil"),
        event("04T12:00:00", name="Bob"),
        event("04T12:00:00", name="eve"),
    ]
    found = look(events, BOB, EVIL)
    assert days_of(found, 1) == {"2026-03-02": 2, "2026-03-04": 1}
    assert days_of(found, 2) == {"2026-03-02": 1}


def test_a_span_begins_where_it_says_and_ends_before_its_end() -> None:
    edges = ["01T23:59:59.999", "02T00:00:00", "04T23:59:59.999", "05T00:00:00"]
    found = look([event(when, name="bob") for when in edges], BOB)
    assert days_of(found, 1) == {"2026-03-02": 1, "2026-03-04": 1}


def test_samples_are_the_newest_with_the_fields_that_the_rule_names() -> None:
    events = [event(f"03T10:{n:02}:00", name="bob", cmd=f"c{n}") for n in range(20)]
    found = look(events, BOB, samples=3)
    document = found.to_json()["rules"][0]
    assert document["matches"] == 20
    assert [s["fields"]["cmd"] for s in document["samples"]] == ["c19", "c18", "c17"]
    assert document["samples"][0]["event_time"] == "2026-03-03T10:19:00+00:00"


def test_no_samples_may_be_wanted() -> None:
    found = look([event("03T10:00:00", name="bob")] * 3, BOB, samples=0)
    assert (found.rules[IDS[1]].matches, found.rules[IDS[1]].samples) == (3, [])


def test_an_event_that_came_twice_is_one() -> None:
    rows = rows_of([event("03T10:00:00", name="bob"), event("03T11:00:00", name="bob")])
    twice = pa.concat_tables([rows, rows])
    found = look([], BOB, engine=RowsEngine({"gate": twice}))
    assert days_of(found, 1) == {"2026-03-03": 2}


def test_a_rule_that_the_engine_refuses_is_a_failure_and_others_are_judged() -> None:
    found = look([], BOB, EVIL, engine=Picky([event("03T10:00:00", name="bob", cmd="evil")]))
    document = found.to_json()
    assert [r["id"] for r in document["rules"]] == [IDS[1]]
    assert document["rules"][0]["matches"] == 1
    assert [(f["id"], f["code"]) for f in document["failed"]] == [(IDS[2], "engine_rejected")]


def test_nothing_is_said_of_days_without_matches() -> None:
    document = look([event("03T10:00:00", name="eve")], BOB).to_json()
    assert document["rules"][0]["days"] == {}
    assert (document["from"], document["to"]) == (SPAN.start.isoformat(), SPAN.end.isoformat())


def test_a_correlation_is_counted_with_what_came_before_the_span() -> None:
    times = ["01T23:53:00", "01T23:56:00", "02T00:01:00", "03T01:00:00", "03T01:01:00"]
    events = [event(when, name="bob", ip="192.0.2.1") for when in times]
    found = look(events, BOB, COUNTED)
    assert days_of(found, 50) == {"2026-03-02": 1}
    assert days_of(found, 1) == {"2026-03-02": 1, "2026-03-03": 2}
    fired, member = found.rules[IDS[50]], found.rules[IDS[1]]
    assert (fired.kind, fired.reports) == ("correlation", True)
    assert (member.kind, member.reports) == ("rule", False)
    assert fired.samples[0].fields["ip"] == "192.0.2.1"


def test_more_matches_than_samples_are_correlated() -> None:
    times = [f"03T01:{n:02}:00" for n in range(9)]
    events = [event(when, name="bob", ip=f"192.0.2.{n % 3}") for n, when in enumerate(times)]
    found = look(events, BOB, COUNTED, samples=1)
    assert days_of(found, 50) == {"2026-03-03": 3}


def test_a_correlation_fails_with_its_member() -> None:
    mine = COUNTED.replace(IDS[1], IDS[2])
    found = look([], EVIL, mine, engine=Picky([event("03T10:00:00", cmd="evil")]))
    codes = {f["id"]: f["code"] for f in found.to_json()["failed"]}
    assert codes == {IDS[2]: "engine_rejected", IDS[50]: "member_failed"}


def test_a_scan_names_the_columns_that_it_reads() -> None:
    (scan,) = scans(prepared(BOB, EVIL))
    assert scan.table == "gate"
    assert {"name", "cmd", "event_time", "event_id"} <= scan.columns
    assert not {"score", "doc", "raw", "event_date"} & scan.columns


def test_a_span_is_cut_between_days_by_what_they_hold() -> None:
    start, end = datetime(2026, 3, 1, 6, tzinfo=UTC), datetime(2026, 3, 5, 6, tzinfo=UTC)
    sizes = {"2026-03-01": 5, "2026-03-02": 5, "2026-03-03": 1, "2026-03-04": 99, "clock_skew": 9}
    found = pieces(TimeRange(start, end), sizes, 10)
    assert [p.start.isoformat()[5:13] for p in found] == ["03-01T06", "03-03T00", "03-04T00"]
    assert [a.end for a in found[:-1]] == [b.start for b in found[1:]]
    assert (found[0].start, found[-1].end) == (start, end)
    assert pieces(TimeRange(start, end), {}) == [TimeRange(start, end)]


def test_pieces_find_what_the_whole_finds() -> None:
    times = [
        f"0{day}T{hour:02}:{m:02}:00"
        for day in (1, 2, 3, 4)
        for hour in (0, 23)
        for m in (1, 55, 58)
    ]
    events = [event(when, name="bob", cmd="evil", ip="192.0.2.1") for when in times]
    whole = look(events, BOB, EVIL, COUNTED).to_json()
    days = [
        TimeRange(SPAN.start + timedelta(days=n), SPAN.start + timedelta(days=n + 1))
        for n in range(3)
    ]
    cut = look(events, BOB, EVIL, COUNTED, parts=days).to_json()
    assert cut["rules"] == whole["rules"]
    assert cut["rules"][0]["matches"] == 18
    assert len([r for r in cut["rules"] if r["kind"] == "correlation" and r["matches"] == 3]) == 1


NAMES = st.sampled_from(["bob", "eve", None])
COMMANDS = st.sampled_from(["evil", "good", None])
TIMES = st.integers(0, 3 * 24 * 4 - 1)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(TIMES, NAMES, COMMANDS), max_size=25), st.integers(1, 3))
def test_counts_are_those_of_each_event_judged_alone(
    drawn: list[tuple[int, str | None, str | None]], samples: int
) -> None:
    start = SPAN.start
    events = [
        {
            "when": (start + timedelta(minutes=15 * n)).isoformat().replace("+00:00", "Z"),
            **{k: v for k, v in (("name", name), ("cmd", cmd)) if v},
        }
        for n, name, cmd in drawn
    ]
    found = look(events, BOB, EVIL, samples=samples)
    fired = firing(events, BOB, EVIL) if events else []
    for number in (1, 2):
        days = [e["when"][:10] for e, rules in zip(events, fired, strict=True) if number in rules]
        assert days_of(found, number) == dict(Counter(days))
        assert len(found.rules[IDS[number]].samples) == min(samples, len(days))


class Picky:
    """An engine that refuses every query in which somebody looks for evil."""

    dialect = "duckdb"

    def __init__(self, events: Sequence[Mapping[str, Any]]) -> None:
        self._engine = RowsEngine({"gate": rows_of(events)})

    def run(
        self,
        sql: str,
        *,
        limits: QueryLimits,
        files: Mapping[str, Sequence[str]] | None = None,
    ) -> QueryResult:
        assert files is None
        if "evil" in sql:
            raise EngineRejected("no evil here")
        return self._engine.run(sql, limits=limits)

    def estimate(self, sql: str) -> int:
        return self._engine.estimate(sql)


@pytest.mark.parametrize("bad", [0, 1])
def test_an_engine_that_never_answers_is_an_error(bad: int) -> None:
    class Broken(Picky):
        def run(self, sql: str, **_: Any) -> QueryResult:
            raise EngineRejected("out of order")

    found = look([], BOB, EVIL, engine=Broken([]), samples=bad)
    assert {f.rule_id for f in found.failed} == {IDS[1], IDS[2]}
