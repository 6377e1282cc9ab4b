from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.ask.cost import Estimate, dollars, estimate, format_bytes, format_cost
from mantissa.ask.guard import guard
from mantissa.ask.reads import Names, Read
from mantissa.model import DataFile
from support.ask_lake import TABLES, VIEWS

NAMES = Names.of(TABLES, VIEWS)
DAYS = ["2026-02-28", "2026-03-01", "2026-03-02", "2026-03-03", "clock_skew"]


def reads(sql: str) -> tuple[Read, ...]:
    return guard(sql, NAMES).reads


def columns(sql: str) -> dict[str, set[str]]:
    return {table: set(names) for table, names in guard(sql, NAMES).columns.items()}


def days(sql: str, table: str = "aws_cloudtrail") -> list[list[str]]:
    """Return, for each read of the table, the days that it admits."""
    found = [read for read in reads(sql) if read.table == table]
    return [[day for day in DAYS if read.days.admits(day)] for read in found]


def test_columns_are_found_wherever_they_stand() -> None:
    assert columns(
        "SELECT upper(eventname) AS e FROM aws_cloudtrail WHERE outcome = 'failure' "
        "GROUP BY 1 HAVING count(DISTINCT src_ip) > 1 ORDER BY max(event_time)"
    ) == {"aws_cloudtrail": {"eventname", "outcome", "src_ip", "event_time"}}


def test_counting_rows_reads_no_column() -> None:
    assert columns("SELECT count(*) FROM aws_cloudtrail") == {"aws_cloudtrail": set()}


def test_a_star_reads_every_column_that_is_left() -> None:
    every = {*(column.name for column in TABLES[1].columns), "event_date"}
    assert columns("SELECT * FROM aws_vpcflow")["aws_vpcflow"] == every
    joined = columns("SELECT f.* FROM aws_vpcflow f JOIN okta_system o ON o.src_ip = f.src_ip")
    assert joined == {"aws_vpcflow": every, "okta_system": {"src_ip"}}


def test_correlated_subqueries_read_on_both_sides() -> None:
    sql = (
        "SELECT c.eventname FROM aws_cloudtrail c WHERE EXISTS "
        "(SELECT 1 FROM aws_vpcflow f WHERE f.src_ip = c.src_ip AND f.dst_port = 22)"
    )
    assert columns(sql) == {
        "aws_cloudtrail": {"eventname", "src_ip"},
        "aws_vpcflow": {"src_ip", "dst_port"},
    }


def test_joins_of_every_kind_are_reads() -> None:
    for kind in ("JOIN", "INNER JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL OUTER JOIN"):
        sql = f"SELECT c.raw FROM aws_cloudtrail c {kind} okta_system o ON c.src_ip = o.src_ip"
        found = columns(sql)
        assert found["okta_system"] == {"src_ip"}, kind
        assert found["aws_cloudtrail"] == {"raw", "src_ip"}, kind


def test_a_view_reads_its_tables_and_only_what_is_used() -> None:
    sql = "SELECT actor_user FROM authentication WHERE event_date = '2026-03-02'"
    allowed = guard(sql, NAMES)
    assert allowed.tables == ("authentication",)
    expected = {"actor_user", "event_date", "event_class"}
    assert allowed.columns == {"aws_cloudtrail": expected, "okta_system": expected}
    assert days(sql) == days(sql, "okta_system") == [["2026-03-02"]]


@pytest.mark.parametrize(
    ("condition", "admitted"),
    [
        ("event_date = '2026-03-01'", DAYS[1:2]),
        ("'2026-03-01' < event_date AND event_date <= '2026-03-03'", DAYS[2:4]),
        ("event_date BETWEEN '2026-03-01' AND '2026-03-02' AND outcome = 'x'", DAYS[1:3]),
        ("event_date IN ('2026-03-01', 'clock_skew')", [DAYS[1], DAYS[4]]),
        ("(event_date >= '2026-03-02' AND (event_date < '2026-03-03'))", DAYS[2:3]),
        ("event_date >= '2026-03-02' OR outcome = 'x'", DAYS),
        ("NOT event_date = '2026-03-01'", DAYS),
        ("event_date >= lower('2026-03-02')", DAYS),
        ("event_date IN ('2026-03-01', lower('x'))", DAYS),
        ("event_date = outcome", DAYS),
        ("event_date <> '2026-03-01'", DAYS),
        ("event_date NOT IN ('2026-03-01')", DAYS),
        ("event_date NOT BETWEEN '2026-03-01' AND '2026-03-02'", DAYS),
        ("event_date > '2026-03-01' AND event_date < '2026-03-01'", []),
    ],
)
def test_only_certain_conditions_on_the_day_count(condition: str, admitted: list[str]) -> None:
    assert days(f"SELECT raw FROM aws_cloudtrail WHERE {condition}") == [admitted]


def test_conditions_belong_to_one_read() -> None:
    sql = (
        "SELECT a.raw FROM aws_cloudtrail a JOIN aws_cloudtrail b ON a.src_ip = b.src_ip "
        "AND b.event_date = '2026-03-02' WHERE a.event_date = '2026-03-01'"
    )
    assert sorted(days(sql)) == [["2026-03-01"], ["2026-03-02"]]


def test_an_outer_join_condition_does_not_narrow_the_kept_side() -> None:
    sql = (
        "SELECT a.raw FROM aws_cloudtrail a LEFT JOIN okta_system b ON a.src_ip = b.src_ip "
        "AND a.event_date = '2026-03-01'"
    )
    assert days(sql) == [DAYS]


def test_conditions_pass_into_subqueries_only_when_they_mean_the_same() -> None:
    inside = "SELECT event_date, raw FROM aws_cloudtrail"
    outside = "SELECT raw FROM ({}) q WHERE event_date = '2026-03-01'"
    assert days(outside.format(inside)) == [["2026-03-01"]]
    assert days(outside.format(f"{inside} ORDER BY raw LIMIT 5")) == [DAYS]
    renamed = "SELECT source_object AS event_date, raw FROM aws_cloudtrail"
    assert days(outside.format(renamed)) == [DAYS]
    numbered = "SELECT event_date, raw, row_number() OVER () AS n FROM aws_cloudtrail"
    assert days(outside.format(numbered)) == [DAYS]


def test_a_cte_used_twice_is_read_twice() -> None:
    sql = (
        "WITH c AS (SELECT event_date, src_ip FROM aws_cloudtrail) SELECT count(*) FROM c a "
        "JOIN c b ON a.src_ip = b.src_ip AND b.event_date = '2026-03-02' "
        "WHERE a.event_date = '2026-03-01'"
    )
    assert sorted(days(sql)) == [["2026-03-01"], ["2026-03-02"]]


def file(table: str, day: str, **sizes: int) -> DataFile:
    """A file with a footer of 100 bytes; of 1,000 bytes when its columns are not known."""
    size = sum(sizes.values()) + 100 if sizes else 1000
    return DataFile(f"lake/{table}/{day}", table, day, 1, size, "", "", sizes)


FILES = [
    file("aws_cloudtrail", "2026-03-01", eventname=10, raw=500, event_date=0),
    file("aws_cloudtrail", "2026-03-02", eventname=20, raw=700),
    file("aws_vpcflow", "2026-03-02", bytes=9),
]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT eventname FROM aws_cloudtrail", Estimate(230, 2)),
        ("SELECT eventname FROM aws_cloudtrail WHERE event_date = '2026-03-02'", Estimate(120, 1)),
        ("SELECT count(*) FROM aws_cloudtrail", Estimate(200, 2)),
        ("SELECT raw FROM aws_cloudtrail WHERE event_date > '2026-03-02'", Estimate(0, 0)),
        ("SELECT errorcode FROM aws_cloudtrail", Estimate(200, 2)),
        ("SELECT bytes FROM aws_vpcflow UNION ALL SELECT bytes FROM aws_vpcflow", Estimate(218, 2)),
        ("SELECT risk_score FROM okta_system", Estimate(0, 0)),
    ],
)
def test_estimates_add_up_columns_and_footers_of_files(sql: str, expected: Estimate) -> None:
    assert estimate(reads(sql), FILES) == expected


def test_a_file_without_column_sizes_counts_whole() -> None:
    bare = [file("aws_cloudtrail", "2026-03-01")]
    assert estimate(reads("SELECT raw FROM aws_cloudtrail"), bare) == Estimate(1000, 1)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_234_567_890, "1.2 GB"),
     (999_950, "1.0 MB"), (345_600_000, "346 MB"), (10**16, "10.0 PB")],
)  # fmt: skip
def test_bytes_for_people(size: int, text: str) -> None:
    assert format_bytes(size) == text


def test_cost_for_people() -> None:
    assert format_cost(1_200_000_000, 5.0) == "≈ 1.2 GB, $0.006"
    assert format_cost(1_200_000_000) == "≈ 1.2 GB"
    assert format_cost(10**12, 5.0) == "≈ 1.0 TB, $5.00"
    assert dollars(1) == dollars(10_000_000) == pytest.approx(5e-5)
    assert dollars(0) == 0


@given(st.integers(0, 10**18), st.integers(0, 10**18))
def test_more_bytes_never_cost_less(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert dollars(low) <= dollars(high)
