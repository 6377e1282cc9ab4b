"""What SQL gets wrong about Sigma unless told: each trap as a rule, on DuckDB and as Trino's SQL."""

from __future__ import annotations

import pytest

from mantissa.detection.dialects import DUCKDB
from support.detection import (
    DOCUMENTS,
    SHOWING,
    condition,
    fires,
    firing,
    judged,
    prepared,
    refusal,
    rows_of_documents,
    rule,
)


def test_a_negated_filter_on_an_absent_field_keeps_the_row() -> None:
    detection = """
        selection: {name: bob}
        filter: {cmd: good}
        condition: selection and not filter
    """
    assert fires({"name": "bob"}, detection)
    assert not fires({"name": "bob", "cmd": "good"}, detection)
    assert condition(detection) == "\"l$name\" = 'bob' AND NOT COALESCE(\"l$cmd\" = 'good', FALSE)"


def test_negation_inside_negation_stays_two_valued() -> None:
    detection = """
        a: {name: bob}
        b: {cmd: good}
        condition: not (a and not b)
    """
    found = firing([{}, {"name": "bob"}, {"name": "bob", "cmd": "good"}], rule(detection))
    assert found == [[1], [], [1]]


def test_strings_ignore_case_and_cased_ones_do_not() -> None:
    plain = "s: {name: RooT}\ncondition: s"
    cased = "s: {name|cased: RooT}\ncondition: s"
    assert fires({"name": "rOOt"}, plain)
    assert not fires({"name": "rOOt"}, cased)
    assert fires({"name": "RooT"}, cased)
    assert condition(cased) == "\"name\" = 'RooT'"


def test_letters_beyond_ascii_are_lowered_by_the_engine() -> None:
    assert fires({"name": "STRAẞE ÉCOLE"}, "s: {name|contains: straßE école}\ncondition: s")
    assert "LOWER('%É%')" in condition("s: {name|contains: É}\ncondition: s")


@pytest.mark.parametrize(
    "text",
    [r"C:\Windows\x", r"\\host\share", "it's", 'say "so"', "a_b", "100%", "wow!", "!_%", "--"],
)
def test_special_characters_are_literal(text: str) -> None:
    # Sigma reads `\\` as one backslash, so each is doubled in the rule.
    value = text.replace("\\", "\\\\").replace("'", "''")
    for modifier in ("", "|contains", "|startswith", "|endswith", "|cased"):
        detection = f"s: {{name{modifier}: '{value}'}}\ncondition: s"
        assert fires({"name": text}, detection), modifier
        changed = text.replace("_", "x").replace("%", "y").replace("\\", "/").replace("'", "’")
        if changed != text:
            assert not fires({"name": changed}, detection), modifier


def test_escape_is_said_only_when_the_literal_needs_it() -> None:
    assert "ESCAPE" not in condition("s: {name|contains: 'a!b'}\ncondition: s")
    assert condition("s: {name|contains: 'a!b_c'}\ncondition: s") == (
        "\"l$name\" LIKE '%a!!b!_c%' ESCAPE '!'"
    )


def test_wildcards_match_any_text_and_one_character() -> None:
    events = [{"name": n} for n in ("ab", "axb", "axxb", "a\nb", "aéb")]
    assert firing(events, rule("s: {name: 'a?b'}\ncondition: s")) == [[], [1], [], [1], [1]]
    assert firing(events, rule("s: {name: 'a*b'}\ncondition: s")) == [[1]] * 5


def test_escaped_wildcards_are_literal() -> None:
    assert fires({"name": "a*b"}, r"s: {name: 'a\*b'}" + "\ncondition: s")
    assert not fires({"name": "axb"}, r"s: {name: 'a\*b'}" + "\ncondition: s")


def test_numbers_are_compared_by_the_column() -> None:
    codes = "s: {code: [401, 403]}\ncondition: s"
    assert fires({"code": 403}, codes)
    assert condition(codes) == '"code" IN (401, 403)'
    assert fires({"code": 403}, "s: {code: '403'}\ncondition: s")
    assert fires({"code": 4688}, "s: {code: '46*'}\ncondition: s")
    assert not fires({"code": 7}, "s: {code: ['07', seven, 7.5]}\ncondition: s")
    assert fires({"name": "403"}, "s: {name: 403}\ncondition: s")
    assert fires({"score": 1.5}, "s: {score: 1.5}\ncondition: s")
    assert fires({"score": 2}, "s: {score: '2'}\ncondition: s")
    assert fires({"code": -1}, "s: {code: -1}\ncondition: s")


def test_comparisons_read_texts_that_are_numbers_only() -> None:
    events = [{"name": n} for n in ("9", "10", "1e3", "ten", "1_000", "NaN", "", "10.5")]
    found = firing(events, rule("s: {name|gt: 9.5}\ncondition: s"))
    assert found == [[], [1], [1], [], [], [], [], [1]]
    assert firing([{"code": 5}, {"code": 6}, {}], rule("s: {code|gte: 6}\ncondition: s")) == [
        [],
        [1],
        [],
    ]
    assert fires({"score": 0.25}, "s: {score|lt: 0.5}\ncondition: s")
    assert not fires({"score": 0.5}, "s: {score|lt: 0.5}\ncondition: s")
    assert fires({"code": 6}, "s: {code|lte: 6}\ncondition: s")


def test_truth_values() -> None:
    assert fires({"ok": True}, "s: {ok: true}\ncondition: s")
    assert fires({"ok": False}, "s: {ok: 'FALSE'}\ncondition: s")
    assert fires({"name": "True"}, "s: {name: true}\ncondition: s")
    assert not fires({"ok": True}, "s: {ok: 1}\ncondition: s")
    assert not fires({"code": 1}, "s: {code: true}\ncondition: s")
    assert fires({"ok": False}, "s: {ok: 'f*'}\ncondition: s")


def test_null_empty_and_existence() -> None:
    events = [{}, {"name": ""}, {"name": "x"}]
    assert firing(events, rule("s: {name: null}\ncondition: s")) == [[1], [], []]
    assert firing(events, rule("s: {name: ''}\ncondition: s")) == [[], [1], []]
    assert firing(events, rule("s: {name: '*'}\ncondition: s")) == [[], [1], [1]]
    assert firing(events, rule("s: {name|exists: true}\ncondition: s")) == [[], [1], [1]]
    assert firing(events, rule("s: {name|exists: false}\ncondition: s")) == [[1], [], []]
    assert firing(events, rule("s: {name: [null, x]}\ncondition: s")) == [[1], [], [1]]


def test_neq_negates_the_whole_list() -> None:
    events = [{"name": "a"}, {"name": "c"}, {}]
    assert firing(events, rule("s: {name|neq: [a, b]}\ncondition: s")) == [[], [1], [1]]


def test_regexes_keep_case_flags_and_quotes() -> None:
    events = [{"name": n} for n in ("it's A1", "IT'S a1", "line\nA1", "A1\nline")]
    assert firing(events, rule('s: {name|re: "it\'s A\\\\d"}\ncondition: s')) == [[1], [], [], []]
    assert firing(events, rule("s: {name|re|i: 's A\\d'}\ncondition: s")) == [[1], [1], [], []]
    assert firing(events, rule("s: {name|re|m: '^A1$'}\ncondition: s")) == [[], [], [1], [1]]
    assert firing(events, rule("s: {name|re|s: 'line.A1'}\ncondition: s")) == [[], [], [1], []]
    assert firing(events, rule("s: {name|re: 'line.A1'}\ncondition: s")) == [[], [], [], []]
    assert condition("s: {name|re|i: 'a'}\ncondition: s") == "REGEXP_LIKE(\"name\", '(?i)a')"


@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\1", "a(?<!b)"])
def test_regexes_outside_re2_are_refused_with_the_reason(pattern: str) -> None:
    reason = refusal(f"s: {{name|re: '{pattern}'}}\ncondition: s")
    assert "is invalid" in reason
    assert pattern in reason


def test_cidr_is_containment_not_text() -> None:
    events = [{"ip": i} for i in ("10.1.2.3", "100.1.2.3", "::ffff:10.0.0.1", "fd00::1", "x", "")]
    v4 = "s: {ip|cidr: 10.0.0.0/8}\ncondition: s"
    assert firing(events, rule(v4)) == [[1], [], [1], [], [], []]
    assert firing(events, rule("s: {ip|cidr: 'fc00::/7'}\ncondition: s")) == [
        [],
        [],
        [],
        [1],
        [],
        [],
    ]
    negated = "s: {ip|cidr: [10.0.0.0/8, 'fc00::/7']}\ncondition: not s"
    assert firing([*events, {}], rule(negated)) == [[], [1], [], [], [1], [1], [1]]
    assert condition(v4) == "CONTAINS('10.0.0.0/8', \"a$ip\")"
    assert firing(events, rule("s: {ip|cidr: '::/0'}\ncondition: s")) == [[], [], [], [1], [], []]
    assert condition("s: {ip|cidr: '::/0'}\ncondition: s") == (
        "CONTAINS('::/0', \"a$ip\") AND NOT CONTAINS('::ffff:0:0/96', \"a$ip\")"
    )


def test_keywords_search_the_record_as_received() -> None:
    detection = "words: ['rm -rf', 'C:\\\\temp', 'say \"hi\"']\ncondition: words"
    assert fires({"cmd": "sudo RM -RF /"}, detection)
    assert fires({"cmd": r"c:\TEMP"}, detection)
    assert fires({"cmd": 'they SAY "hi"'}, detection)
    assert not fires({"cmd": "rm -r -f"}, detection)
    every = "words: {'|all': [one, two]}\ncondition: words"
    assert fires({"name": "two", "cmd": "one"}, every)
    assert not fires({"name": "two"}, every)


def test_a_number_among_keywords_is_a_number_of_the_record() -> None:
    assert fires({"code": 4625}, "words: [4625]\ncondition: words")
    assert not fires({"code": 14625}, "words: [4625]\ncondition: words")


def test_dotted_fields_reach_into_documents() -> None:
    event = {"doc": {"a": {"b": "Deep"}, "n": 5, "yes": True, "q": 'x"y'}}
    assert fires(event, "s: {doc.a.b: deep}\ncondition: s")
    assert not fires(event, "s: {doc.a.b|cased: deep}\ncondition: s")
    assert fires(event, "s: {doc.n: 5}\ncondition: s")
    assert fires(event, "s: {doc.n|gt: 4}\ncondition: s")
    assert fires(event, "s: {doc.yes: true}\ncondition: s")
    assert fires(event, 's: {doc.a|contains: \'"b":"deep"\'}\ncondition: s')
    assert fires(event, "s: {doc|contains: '\"n\":5'}\ncondition: s")
    assert fires(event, "s: {doc.none: null, doc.a|exists: true}\ncondition: s")
    assert fires(event, "s: {doc.a.b: shallow}\ncondition: not s")


def test_lists_in_documents_match_if_any_member_does() -> None:
    event = {"doc": {"l": ["One", "two"], "items": [{"ip": "10.0.0.1"}, {"ip": ["192.0.2.1"]}]}}
    assert fires(event, "s: {doc.l: one}\ncondition: s")
    assert fires(event, "s: {doc.l|contains|all: [n, w]}\ncondition: s")
    assert fires(event, "s: {doc.items.ip|cidr: 192.0.2.0/24}\ncondition: s")
    assert fires(event, "s: {doc.items.ip|re: '^10'}\ncondition: s")
    assert not fires(event, "s: {doc.l: three}\ncondition: s")
    assert fires({"doc": ["x", "Admins"]}, "s: {doc: admins}\ncondition: s")


def test_field_references() -> None:
    same = "s: {name|fieldref: cmd}\ncondition: s"
    assert fires({"name": "Ada", "cmd": "aDA"}, same)
    assert not fires({"name": "ada", "cmd": "ad"}, same)
    assert not fires({"name": "ada"}, same)
    tail = "s: {name|fieldref|endswith: cmd}\ncondition: s"
    assert fires({"name": "x.exe", "cmd": ".EXE"}, tail)
    assert not fires({"name": "x.exe.bak", "cmd": ".exe"}, tail)
    assert fires(
        {"name": "x.exe.bak", "cmd": ".exe"}, "s: {name|fieldref|contains: cmd}\ncondition: s"
    )
    head = "s: {name|fieldref|startswith: cmd}\ncondition: s"
    assert fires({"name": "x.exe", "cmd": "X."}, head)
    assert not fires({"name": "x", "cmd": "x.exe"}, tail)
    assert fires({"doc": {"a": ["p", "q"], "b": "Q"}}, "s: {doc.a|fieldref: doc.b}\ncondition: s")
    assert fires({"code": 12, "name": "12"}, "s: {name|fieldref: code}\ncondition: s")


def test_parts_of_times_are_utc() -> None:
    event = {"at": "2026-03-04T23:30:00-02:00", "name": "2026-03-04T23:30:00-02:00"}
    for field in ("at", "name"):
        for part, value in (("hour", 1), ("minute", 30), ("day", 5), ("month", 3), ("year", 2026)):
            assert fires(event, f"s: {{{field}|{part}: {value}}}\ncondition: s"), (field, part)
        assert fires(event, f"s: {{{field}|week: 10}}\ncondition: s")
    assert not fires({"name": "soon"}, "s: {name|hour: 1}\ncondition: s")
    assert fires({"at": "2026-03-04"}, "s: {at|exists: true}\ncondition: s")


def test_encodings_are_expanded() -> None:
    # "IEX" in UTF-16 and base64 at offset 0 is SQBFAFgA.
    assert fires(
        {"cmd": "powershell -enc SQBFAFgA"},
        "s: {cmd|wide|base64offset|contains: IEX}\ncondition: s",
    )
    assert fires({"cmd": "Zm9vYmFy"}, "s: {cmd|base64: foobar}\ncondition: s")
    assert fires({"cmd": "cmd /c dir"}, "s: {cmd|windash|contains: ' -c '}\ncondition: s")
    both = "s: {cmd|windash|contains|all: [' -a', ' -b']}\ncondition: s"
    assert fires({"cmd": "x /a -b"}, both)
    assert not fires({"cmd": "x /a"}, both)


def test_nul_characters_survive_the_text_of_the_query() -> None:
    assert fires({"cmd": "xA\0B\0y"}, "s: {cmd|wide|contains: AB}\ncondition: s")
    assert not fires({"cmd": "xABy"}, "s: {cmd|wide|contains: AB}\ncondition: s")


def test_placeholders_are_resolved_or_refused_by_name() -> None:
    detection = "s: {name|expand: '%admins%'}\ncondition: s"
    assert "%admins%" in refusal(detection)
    assert fires({"name": "ROOT"}, detection, placeholders={"admins": ["root", "toor"]})
    assert not fires({"name": "bob"}, detection, placeholders={"admins": ["root", "toor"]})
    partly = "s: {name|expand: 'x%admins%y'}\ncondition: s"
    assert fires({"name": "xrooty"}, partly, placeholders={"admins": ["root"]})
    assert "%admins%" in refusal("s: {name|re|expand: '%admins%'}\ncondition: s")


def test_unknown_fields_are_refused_with_the_nearest() -> None:
    reason = refusal("s: {nmae: x}\ncondition: s")
    assert "'nmae'" in reason
    assert "name" in reason.split("did you mean")[1]


@pytest.mark.parametrize(
    "test",
    [
        "{at: '2026*'}",
        "{at|gt: 5}",
        "{at: 5}",
        "{at|re: x}",
        "{ok|gt: 1}",
        "{ok|cidr: 10.0.0.0/8}",
        "{ok|hour: 1}",
        "{code|cidr: 10.0.0.0/8}",
        "{code|hour: 3}",
        "{score: '1*'}",
        "{at|fieldref: name}",
        "{at: true}",
    ],
)
def test_what_engines_would_answer_differently_is_refused(test: str) -> None:
    assert "column" in refusal(f"s: {test}\ncondition: s")


def test_lists_become_in_or_one_search() -> None:
    names = "s: {name: [a, b, c]}\ncondition: s"
    assert condition(names, DUCKDB) == "\"l$name\" IN ('a', 'b', 'c')"
    parts = "s: {name|contains: [a.b, 'c_d', 'e+']}\ncondition: s"
    assert condition(parts, DUCKDB) == "REGEXP_MATCHES(\"l$name\", '(?s)a\\.b|c_d|e\\+')"
    assert condition(parts) == (
        "\"l$name\" LIKE '%a.b%' OR \"l$name\" LIKE '%c!_d%' ESCAPE '!' OR \"l$name\" LIKE '%e+%'"
    )


def test_long_lists_are_searched_in_an_array_on_trino() -> None:
    values = ", ".join(f"v{n}" for n in range(101))
    for modifier, test in (
        ("contains", 'STRPOS("l$name", v) > 0'),
        ("startswith", 'STARTS_WITH("l$name", v)'),
        ("endswith", 'SUBSTR("l$name", -LENGTH(v)) = v'),
    ):
        text = condition(f"s: {{name|{modifier}: [{values}]}}\ncondition: s")
        assert text.startswith("ANY_MATCH(ARRAY['v0', 'v1', ")
        assert text.endswith(f"v -> {test})")


def test_a_list_searched_as_one_regex_means_the_same() -> None:
    values = "['a.b', '^x', 'y$', 'p|q', '(', '[z]', 'tab\tin', 'é', 'new\nline']"
    events = [{"name": n} for n in ("A.B", "aXb", "q^X", "Y$", "p", "p|Q", "x(", "[Z]", "É")]
    found = firing(events, rule(f"s: {{name|contains: {values}}}\ncondition: s"))
    assert found == [[1], [], [1], [1], [], [1], [1], [1], [1]]


def test_anchors_of_a_folded_list_hold_the_whole_text() -> None:
    detection = "s: {name: ['a*', '*b', 'c*d', 'e?']}\ncondition: s"
    events = [
        {"name": n} for n in ("ax", "xa", "xb", "bx", "c\nd", "xcd", "e1", "e12", "x\nb", "b\n")
    ]
    assert firing(events, rule(detection)) == [[1], [], [1], [], [1], [], [1], [], [1], []]


def test_selectors_count_detections() -> None:
    detection = """
        sel_a: {name: a}
        sel_b: {cmd: b}
        other: {code: 1}
        condition: all of sel_* and not 1 of oth*
    """
    events = [{"name": "a", "cmd": "b"}, {"name": "a", "cmd": "b", "code": 1}, {"name": "a"}]
    assert firing(events, rule(detection)) == [[1], [], []]


def test_a_rule_sees_the_rows_of_its_log_source_only() -> None:
    detection = "s: {name: x}\ncondition: s"
    events = [
        {"name": "x", "kind": "Door", "code": 1},
        {"name": "x", "kind": "door", "code": 3},
        {"name": "x", "kind": "window"},
        {"name": "x"},
    ]
    rules = [
        rule(detection, number=1),
        rule(detection, number=2, logsource="category: door"),
        rule(detection, number=3, logsource="category: window"),
        rule("s: {name: x}\ncondition: not s", number=4, logsource="category: window"),
    ]
    assert firing(events, *rules) == [[1, 2], [1], [1, 3], [1]]


def test_signs_without_case_are_folded_like_plain_text_and_letters_are_not() -> None:
    signs = ["\U0001f937\U0001f3fc\u200d\u2642\ufe0f", "\u2013X", "\u20ac9"]
    listed = ", ".join(f"'{sign}'" for sign in signs)
    detection = f"s: {{cmd|contains: [{listed}]}}\ncondition: s"
    assert "LOWER" not in condition(detection, DUCKDB)
    assert "LOWER" in condition("s: {cmd|contains: ['\u24b6', '\u00c4', '\u2160']}\ncondition: s")
    events = [{"cmd": f"a {sign.lower()} b"} for sign in signs] + [{"cmd": "a b"}]
    assert firing(events, rule(detection)) == [[1], [1], [1], []]
    assert fires({"cmd": "\u24d0"}, "s: {cmd|contains: '\u24b6'}\ncondition: s")


def test_a_member_is_found_however_its_name_is_written() -> None:
    """A document whose text does not show the name is not read, so every way to write it counts."""
    table = rows_of_documents(DOCUMENTS)
    found = judged(table, prepared(rule("s: {doc.l.k: x}\ncondition: s", number=1)))
    assert found == [[1] if place in SHOWING else [] for place in range(len(DOCUMENTS))]
    awkward = prepared(rule("s: {doc.é/k: x}\ncondition: s", number=1))
    table = rows_of_documents([r'{"\u00e9\/k": "x"}'] * 7)
    assert judged(table, awkward) == [[1]] * 7
