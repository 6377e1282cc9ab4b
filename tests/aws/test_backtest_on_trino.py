"""A backtest counts the same on Trino, over partitions in S3, as on DuckDB over rows in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.backtest import Backtest, Judges, backtest
from mantissa.detection.dialects import TRINO
from mantissa.model import QueryLimits, TimeRange
from mantissa.sources.schema import arrow_schema
from support.detection import COUNTED, IDS, SPEC, parquet, prepared, rows_of, rule
from support.emulators import Emulator
from support.engine_world import AwsLake, aws_lake
from support.trino import Trino

DAYS = ("2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04")
SPAN = TimeRange(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 4, 12, tzinfo=UTC))
RULES = (
    rule("s: {name: bob}\ncondition: s", number=1, head="fields: [cmd]\n"),
    rule("s: {cmd|contains: evil}\ncondition: s", number=2),
    rule("s: {doc.user: bob}\nf: {code: 5}\ncondition: s and not f", number=3),
    rule("s: {name: bob}\ncondition: s", number=4, logsource="category: door"),
    COUNTED,
)
LIMITS = QueryLimits(seconds=120)


def events(day: str) -> list[dict[str, Any]]:
    """Return a day's events, some of them in the last minutes before the next day."""
    times = [
        f"{day}T{hour:02}:{minute:02}:00.250Z" for hour in (0, 13, 23) for minute in (0, 55, 58)
    ]
    return [
        {
            "when": when,
            "name": "bob" if n % 3 else "eve",
            "cmd": "evil" if n % 2 else "good",
            "ip": "192.0.2.1",
            "kind": "door" if n % 4 else "wall",
            "doc": {"user": "bob" if n % 2 else "eve"},
            **({"code": n % 6} if n % 5 else {}),
        }
        for n, when in enumerate(times)
    ]


def day_rows(number: int, day: str) -> pa.Table:
    rows = rows_of(events(day))
    ids = [f"{number:032x}{n:08x}" for n in range(rows.num_rows)]
    return rows.set_column(rows.column_names.index("event_id"), "event_id", [ids])


def put(lake: AwsLake, tables: Sequence[pa.Table]) -> None:
    for day, rows in zip((*DAYS, "clock_skew"), tables, strict=True):
        names = arrow_schema(SPEC.table).names
        lake.put({f"lake/gate/event_date={day}/a.parquet": parquet(rows.select(names))})


def essence(found: Backtest) -> dict[str, Any]:
    """Return what both engines must say alike."""
    assert found.failed == ()
    document = found.to_json()
    return {name: document[name] for name in ("from", "to", "rules", "failed")}


def test_counts_samples_and_correlations_are_those_of_the_laptop(
    trino: Trino, ministack: Emulator
) -> None:
    tables = [day_rows(number, day) for number, day in enumerate((*DAYS, DAYS[1]))]
    here = Judges(RowsEngine({"gate": pa.concat_tables(tables)}), RowsEngine, LIMITS)
    expected = essence(backtest(here, prepared(*RULES), [SPAN], samples=3))
    with aws_lake(ministack, [SPEC.table]) as lake:
        put(lake, tables)
        there = Judges(lake.trino(trino), RowsEngine, LIMITS)
        ready = prepared(*RULES, dialect=TRINO)
        assert ready.refused == ()
        found = backtest(there, ready, [SPAN], samples=3)
    assert essence(found) == expected
    matches = {entry["id"]: entry["matches"] for entry in expected["rules"]}
    assert all(matches[IDS[n]] for n in (1, 2, 3, 4, 50))
    assert sum(found.scanned) > 0


def test_days_outside_of_the_span_are_not_read(trino: Trino, ministack: Emulator) -> None:
    tables = [day_rows(number, day) for number, day in enumerate((*DAYS, DAYS[0]))]
    with aws_lake(ministack, [SPEC.table]) as lake:
        put(lake, tables)
        judges = Judges(lake.trino(trino), RowsEngine, LIMITS)
        ready = prepared(RULES[1], dialect=TRINO)
        whole = TimeRange(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC))
        one = TimeRange(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
        everything, little = (backtest(judges, ready, [span]) for span in (whole, one))
    assert sum(little.scanned) < sum(everything.scanned) * 0.6
    assert little.rules[IDS[2]].matches == len([n for n in range(9) if n % 2])
