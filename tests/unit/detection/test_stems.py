"""What several patterns share is asked once before them, and the meaning stays the same."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mantissa.detection.dialects import DUCKDB
from mantissa.detection.pattern import Pattern, Wild
from mantissa.detection.stems import SHORTEST, by_stem
from support.detection import condition

TEXTS = st.text(alphabet="aAbC-_%é€", max_size=12)
WORDS = ("invoke-", "get-", "abc", "aéb")
LITERALS = st.one_of(
    st.text(alphabet="aAbC-_%é€", min_size=1, max_size=9),
    st.builds("".join, st.tuples(TEXTS, st.sampled_from(WORDS), TEXTS)),
)
PATTERNS = st.builds(
    lambda literals, cased, ends: Pattern(
        (*[p for text in literals for p in (Wild.MANY, text)], *ends), cased
    ),
    st.lists(LITERALS, min_size=1, max_size=2),
    st.booleans(),
    st.sampled_from(((Wild.MANY,), ())),
)


def contains(text: str) -> Pattern:
    return Pattern((Wild.MANY, text, Wild.MANY))


def matches(pattern: Pattern, text: str) -> bool:
    return re.search(f"(?s){pattern.regex}", text) is not None


@given(st.lists(PATTERNS, max_size=8), st.lists(LITERALS, max_size=3).map("".join))
def test_asking_for_the_stem_first_means_the_same(patterns: list[Pattern], text: str) -> None:
    found, rest = by_stem(patterns)
    whole = any(matches(p, text) for p in patterns)
    staged = any(stem in text and any(matches(p, text) for p in group) for stem, group in found)
    assert whole == (staged or any(matches(p, text) for p in rest))


@given(st.lists(PATTERNS, max_size=8))
def test_every_pattern_is_asked_once_and_holds_its_stem(patterns: list[Pattern]) -> None:
    found, rest = by_stem(patterns)
    assert sorted(map(repr, [*rest, *(p for _, group in found for p in group)])) == sorted(
        map(repr, patterns)
    )
    for stem, group in found:
        assert len(group) > 1
        assert len(stem) >= SHORTEST
        assert all(any(stem in text for text in p.literals) for p in group)


def test_patterns_that_share_a_word_are_put_under_it() -> None:
    names = ["Invoke-Mimikatz", "invoke-nightmare", "Get-Timed", "get-vault", "sam"]
    found, rest = by_stem([contains(name) for name in names])
    assert [(stem, [p.text for p in group]) for stem, group in found] == [
        ("invoke-", ["invoke-mimikatz", "invoke-nightmare"]),
        ("get-", ["get-timed", "get-vault"]),
    ]
    assert rest == [contains("sam")]


def test_ends_of_texts_are_not_searched_for_stems() -> None:
    names = [Pattern((Wild.MANY, rf"\tool{n}.exe")) for n in range(5)]
    assert by_stem(names) == ([], names)


def test_what_the_engine_lowers_has_no_stem() -> None:
    names = [contains(f"Ünlü-{n}") for n in range(5)]
    assert all(p.engine_lowers for p in names)
    assert by_stem(names) == ([], names)


def test_a_short_stem_must_spare_more() -> None:
    assert by_stem([contains("xab1"), contains("yab2")])[0] == []
    assert len(by_stem([contains("xabc1"), contains("yabc2")])[0]) == 0
    assert len(by_stem([contains("xabcd1"), contains("yabcd2")])[0]) == 1


def test_stems_are_for_trino_as_the_laptop_searches_for_all_words_at_once() -> None:
    rule = "s: {name|contains: [one-part, two-part]}\ncondition: s"
    assert condition(rule) == (
        "\"l$name\" LIKE '%-part%' AND "
        "(\"l$name\" LIKE '%one-part%' OR \"l$name\" LIKE '%two-part%')"
    )
    assert "-part%" not in condition(rule, DUCKDB).replace("one-part", "").replace("two-part", "")


def test_signs_beyond_ascii_are_looked_for_where_there_are_any() -> None:
    signs = ", ".join("😀🦆–—―“”€")
    assert condition(f"s: {{name|contains: [{signs}]}}\ncondition: s").startswith(
        'LENGTH(TO_UTF8("l$name")) > LENGTH("l$name") AND ("l$name" LIKE \'%😀%\' OR '
    )
