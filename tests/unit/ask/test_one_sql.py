from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from mantissa.adapters.local.duckdb_errors import translate
from mantissa.ask.guard import guard, limited_text
from mantissa.ask.trino import shims
from mantissa.ask.trino.patterns import read_pattern, read_replacement
from mantissa.ask.trino.queries import read_query
from mantissa.ask.trino.signatures import signatures
from mantissa.errors import GuardRefused
from support import one_sql
from support.sql_grammar import Grammar


def test_own_constructs_run_or_are_refused_on_the_embedded_engine() -> None:
    """What they give is held against Trino in tests/aws; here nothing may fall between."""
    refused = ran = 0
    with one_sql.embedded() as engine:
        for sql in one_sql.constructs():
            try:
                allowed = one_sql.checked(sql)
            except GuardRefused:
                refused += 1
                continue
            try:
                engine.rows(allowed.sql)
                ran += 1
            except duckdb.Error as error:
                assert not isinstance(error, duckdb.BinderException | duckdb.ParserException), sql
    assert ran >= 190
    assert refused >= 100


def test_what_runs_reads_as_what_was_asked() -> None:
    for sql in one_sql.constructs():
        try:
            allowed = one_sql.checked(sql)
        except GuardRefused:
            continue
        again = one_sql.checked(allowed.trino)
        assert (again.trino, again.sql, again.tree) == (allowed.trino, allowed.sql, allowed.tree)


def test_every_function_is_drawn_and_bound() -> None:
    """Each overload can be called: what it becomes is SQL that DuckDB can bind."""
    grammar, unbound = Grammar(7), []
    with one_sql.embedded() as engine:
        for overloads in signatures().values():
            for signature in (s for s in overloads if s.group == "scalar"):
                for _ in range(3):
                    call = grammar.call(signature, "varchar", 1)
                    try:
                        engine.rows(one_sql.checked(f"SELECT {call} FROM odd").sql)
                    except GuardRefused:
                        continue
                    except (duckdb.BinderException, duckdb.CatalogException) as error:
                        unbound.append((call, str(error)))
                    except duckdb.Error:
                        pass
    assert unbound == []


@pytest.mark.parametrize(
    ("sql", "code", "fix"),
    [
        ("SELECT usr FROM ev WHERE usr ILIKE 'a'", "syntax", "lower(x)"),
        ("SELECT usr u FROM ev WHERE u = 'a'", "column", "subquery"),
        ("SELECT lenght(usr) FROM ev", "function", "length"),
        ("SELECT strftime(ts, '%Y') FROM ev", "function", "date_format"),
        ("SELECT usr FROM ev WHERE ts = '2026-01-01'", "type", "CAST"),
        ("SELECT usr FROM ev LIMIT 1 OFFSET 2", "limit", "OFFSET n LIMIT m"),
        ("SELECT ln(2e0) + exp(2e0)", "rough", "round"),
    ],
)
def test_refusals_say_it_in_trinos_words(sql: str, code: str, fix: str) -> None:
    with pytest.raises(GuardRefused) as refused:
        one_sql.checked(sql)
    assert refused.value.code == code
    assert fix in (refused.value.fix or "")


def test_shims_that_multiply_are_refused() -> None:
    nested = "usr"
    for _ in range(30):
        nested = f"substr({nested}, -{len(nested) % 7 + 1}, 3)"
    with pytest.raises(GuardRefused) as refused:
        one_sql.checked(f"SELECT {nested} FROM ev")
    assert refused.value.code in ("too_complex", "too_deep")


def test_macros_are_made_after_what_they_use() -> None:
    made: set[str] = set()
    for name in shims.MACROS:
        for statement in shims.statements(f"SELECT {name}()"):
            made.add(statement.split("MACRO ")[1].split("(")[0])
    assert made == set(shims.MACROS)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a$", r"a\z"),
        ("(?<n>x)", "(?P<n>x)"),
        (r"\s+\u00e9", r"[\t\n\x0b\f\r ]+\x{00e9}"),
        ("[a-z]{2,3}?", "[a-z]{2,3}?"),
        (r"a\.b", r"a\.b"),
    ],
)
def test_patterns_are_written_for_re2(pattern: str, text: str) -> None:
    assert read_pattern(pattern).text == text


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)", r"(a)\1", "a*+", "[[:alpha:]]", "[a&&b]", "(", "a)", "[", "a{2000}", "*", r"\h", "(a*)*"],
)  # fmt: skip
def test_patterns_of_one_engine_are_refused(pattern: str) -> None:
    with pytest.raises(GuardRefused):
        read_pattern(pattern)


def test_groups_that_a_match_may_leave_out_are_known() -> None:
    assert read_pattern("(a)(b)?(c|d)").groups == (True, False, True)
    assert read_pattern("(a)|(b)").groups == (False, False)
    assert read_replacement(r"$1-\$", read_pattern("(a)")) == r"\1-$"


def test_a_limit_leaves_the_rest_to_the_letter() -> None:
    written = one_sql.checked("SELECT 7 / 2, date_format(ts, '%i') FROM ev", "trino").sql
    assert limited_text(written, 5) == f"{written} LIMIT 5"
    assert limited_text("SELECT x::int", 5) is None


def test_what_a_macro_stops_with_is_told() -> None:
    with one_sql.embedded() as engine, pytest.raises(duckdb.Error) as failed:
        engine.rows(one_sql.checked("SELECT roles[9] FROM ev").sql)
    assert str(translate(str(failed.value))) == "array subscript out of range"


def test_the_reader_is_no_more_lenient_than_trino() -> None:
    for sql in (
        "SELECT 1,",
        "SELECT 1 1",
        "SELECT a b c",
        "SELECT 1a",
        "SELECT (1",
        "SELECT ''''''''x'",
    ):
        with pytest.raises(GuardRefused):
            read_query(sql)


def test_the_engine_decides_how_it_is_written_and_nothing_else() -> None:
    sql = "SELECT id, n / 7 FROM odd WHERE b"
    made = [guard(sql, one_sql.NAMES, dialect=d) for d in ("duckdb", "trino", "athena")]
    assert made[1].sql == made[2].sql == made[0].trino
    assert made[0].reads == made[1].reads
    assert Path(one_sql.__file__).with_name("own_constructs.sql").is_file()
