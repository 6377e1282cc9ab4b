"""Regular expressions mean on Trino what they mean to RE2, and so on a laptop."""

from __future__ import annotations

import duckdb
import pytest
from sqlglot import exp

from mantissa.detection.trino_regex import ported
from mantissa.detection.trino_sql import regex
from support.trino import Trino

CASES = [
    ("foo\n", "foo$"),
    ("foo\n", "foo\\z"),
    ("foo", "foo\\z"),
    ("foo\r", "foo$"),
    ("foo\r\n", "foo$"),
    ("foo\u2028", "foo$"),
    ("foo\x85", "foo$"),
    ("a\nb", "(?m)a$"),
    ("a\r\nb", "(?m)a$"),
    ("a\u2028b", "(?m)a$"),
    ("a\n", "(?m)a\\n$"),
    ("a\n", "(?m)^$"),
    ("\n", "(?m)^$"),
    ("a\nb", "(?m)^b"),
    ("a\rb", "(?m)^b"),
    ("a\n", "(?m)^\\z"),
    ("a\rb", "a.b"),
    ("a\nb", "a.b"),
    ("a\u2028b", "a.b"),
    ("a\x85b", "a.b"),
    ("a\nb", "(?s)a.b"),
    ("a\rb", "(?s)a.b"),
    ("\u0663", "\\d"),
    ("\u0663", "[[:digit:]]"),
    ("\xe9", "\\w"),
    ("\u65e5", "\\w"),
    ("\u0660", "\\w"),
    ("_", "\\w"),
    ("\xa0", "\\s"),
    ("\x0b", "\\s"),
    ("\u2003", "\\s"),
    ("\x85", "\\s"),
    ("\x1c", "\\s"),
    ("\u0663", "\\D"),
    ("\xe9", "\\W"),
    ("\x0b", "\\S"),
    ("\xe9", "[\\w]"),
    ("\xe9", "[^\\w]"),
    ("\u0663", "[\\d]"),
    ("\u0663", "[^\\d]"),
    ("\xe9", "[[:alnum:]]"),
    ("\xe9", "[[:word:]]"),
    ("\xe9", "[[:ascii:]]"),
    ("\xa0", "[[:space:]]"),
    ("\xe9a", "\\ba"),
    ("\xe9", "\\b\xe9"),
    ("a\xe9", "a\\b"),
    ("a\xe9", "a\\B"),
    ("\u212a", "(?i)k"),
    ("k", "(?i)\u212a"),
    ("\u017f", "(?i)s"),
    ("\xc9", "(?i)\xe9"),
    ("\u0130", "(?i)i"),
    ("\u0131", "(?i)i"),
    ("\u03a3", "(?i)\u03c2"),
    ("foo\n", "^foo$"),
    ("x\nfoo", "^foo"),
    ("foo\n", "foo$|bar"),
    ("foo", "(foo$)"),
    ("a$b", "a\\$b"),
    ("a$", "a[$]"),
    ("ab", "a(?:$|b)"),
    ("a\n", "a(?:$|b)"),
    ("a", "\\Aa"),
    ("\na", "\\Aa"),
    ("a", "\\x61"),
    ("a", "\\x{61}"),
    ("\u65e5", "\\x{65e5}"),
    ("a", "\\p{L}"),
    ("\xe9", "\\p{L}"),
    ("\xe9", "\\pL"),
    ("\u03b1", "\\p{Greek}"),
    ("A", "[[:upper:]]"),
    ("\xc9", "[[:upper:]]"),
    ("\xe9", "[[:alpha:]]"),
    ("a", "[^[:digit:]]"),
    ("-", "[a-]"),
    ("]", "[]a]"),
    ("&", "[a&&b]"),
    ("a", "[a&&b]"),
    ("[", "[[]"),
    ("a", "[[a]]"),
    ("a]", "[[a]]"),
    ("\\", "[\\\\]"),
    ("aaa", "a{2}"),
    ("a{", "a{"),
    ("a{,2}", "a{,2}"),
    ("aa", "^a{,2}$"),
    ("ab", "(?P<x>a)b"),
    ("a\n", "a\\n"),
    ("a#b", "a#b"),
    ("a b", "a b"),
    ("\t", "\\t"),
    ("\x07", "\\a"),
    ("\x0c", "\\f"),
    ("\x0b", "\\v"),
    ("aQb", "\\Qa\\E"),
    ("a.b", "\\Qa.b\\E"),
    ("aXb", "\\Qa.b\\E"),
    ("\xe9", "\\xe9"),
    ("\xe9", "\\x{e9}"),
    ("aab", "a+?b"),
    ("", "^$"),
    ("\n", "^$"),
    ("abc", "(?i:B)"),
    ("aBc", "(?i:b)c"),
    ("ABC", "(?-i)abc"),
    ("a\n", "(?s)a$"),
    ("a\n", "(?i)A$"),
    ("a]b", "[]]b"),
    ("x", "[^]]"),
    ("]", "[^]]"),
    ("a\n", "a\\s$"),
    ("\x0b", "[\\S]"),
    ("\x0b", "[^\\s]"),
    ("\xe9", "[\\s\\S]"),
    ("\n", "[\\s\\S]"),
    ("[", "[[a]]"),
    ("[]", "[[]]$"),
    ("^]", "[[^]]"),
    ("\xe9", "[[:^alpha:]]"),
    ("\xe9", "[^[:alpha:]]"),
    ("a1", "[[:alpha:][:digit:]]{2}"),
    ("a$", "\\$$"),
    ("a\\", "\\\\$"),
    ("x-", "[[:punct:]-]$"),
    ("\x7f", "[[:cntrl:]]"),
    ("a b", "\\bb\\b"),
    ("a_b", "\\bb"),
    ("_", "\\b_\\b"),
    ("", "\\b"),
    ("", "\\B"),
    ("a\nb\n", "(?m)^$"),
    ("a\nb", "(?m)^b$"),
    ("a\r\nb", "(?m)a.$"),
    ("a\nb", "(?m:^b)"),
    ("\xc9", "[[:^ascii:]]"),
    (" ", "[[:print:]]"),
    ("\xa0", "[[:print:]]"),
]
"""(text, RE2 expression)."""


def literal(text: str) -> exp.Expr:
    return exp.Literal.string(text)


def test_every_expression_finds_the_same_on_both(trino: Trino) -> None:
    here = duckdb.connect()
    search = "SELECT regexp_matches(?, ?)"
    wanted = [here.execute(search, case).fetchall()[0][0] for case in CASES]
    here.close()
    tests = [regex(literal(text), expression) for text, expression in CASES]
    found = trino.rows(exp.select(*tests).sql(dialect="athena"))[0]
    pairs = zip(CASES, wanted, found, strict=True)
    assert [case for case, here_, there in pairs if here_ != there] == []
    assert 20 < sum(wanted) < len(wanted) - 20


def test_two_foldings_are_known_to_differ(trino: Trino) -> None:
    tests = [regex(literal("ss"), "(?i)\u00df"), regex(literal("fi"), "(?i)\ufb01")]
    assert trino.rows(exp.select(*tests).sql(dialect="athena"))[0] == [True, True]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("foo$", r"foo\z"),
        (r"a\$b", r"a\$b"),
        ("[$]", "[$]"),
        (r"\\$", r"\\\z"),
        ("[]a]", r"[\]a]"),
        ("[[a]]", r"[\[a]]"),
        ("[[:alpha:]_]", "[A-Za-z_]"),
        ("[^[:digit:]]", "[^0-9]"),
        ("(?P<x>a)", "(?<x>a)"),
        (r"\Qa.b$\E$", r"a\.b\$\z"),
        ("plain .* text", "plain .* text"),
    ],
)
def test_what_differs_is_written_otherwise(expression: str, wanted: str) -> None:
    assert ported(expression) == wanted
