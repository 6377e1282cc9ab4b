"""Rule files: what is read, what is refused, with the file and the line."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from pathlib import Path

import pytest

from mantissa.detection.load import find_rule_files, load_rules, parse_rules
from mantissa.detection.rule import RuleSet
from mantissa.detection.yamlsafe import read_documents
from mantissa.errors import RuleError
from mantissa.model import Severity
from support.detection import IDS, fires, firing, parsed, prepared, rule

PLAIN = "s: {name: bob}\ncondition: s"
FILTER = """\
title: not on tuesdays
logsource:
  product: gate
  service: main
filter:
  rules: %s
  sel: {cmd: tuesday}
  condition: not sel
"""


def one(text: str) -> RuleSet:
    return parse_rules([("dir/r.yml", text.encode())])


def refused(text: str) -> tuple[str, int | None, str]:
    (found,) = one(text).refused
    assert found.path == "dir/r.yml"
    return found.id, found.line, found.reason


def test_what_people_are_told_comes_from_the_rule() -> None:
    head = (
        "description: why\nreferences: [https://a.example]\ntags: [attack.t1059.001]\n"
        "falsepositives: [backups]\nfields: [name, cmd]\n"
    )
    (found,) = parsed(rule(PLAIN, head=head)).rules
    info = found.info
    assert (info.id, info.title, info.level) == (IDS[1], "rule 1", Severity.HIGH)
    assert info.description == "why"
    assert info.references == ("https://a.example",)
    assert info.tags == ("attack.t1059.001",)
    assert info.false_positives == ("backups",)
    assert info.fields == ("name", "cmd")
    assert (found.status, found.path, found.line, found.enabled) == ("test", "r1.yml", 1, True)
    assert (found.logsource.product, found.logsource.service) == ("gate", "main")
    assert len(info.version) == 12


def test_a_rule_without_a_level_is_medium() -> None:
    (found,) = parsed(rule(PLAIN).replace("level: high\n", "")).rules
    assert found.info.level is Severity.MEDIUM


def test_the_version_follows_the_text() -> None:
    texts = (rule(PLAIN), rule(PLAIN), rule(PLAIN.replace("bob", "eve")))
    first, same, changed = (parsed(text).rules[0].info.version for text in texts)
    assert first == same != changed


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("title: [", 2, "not valid YAML"),
        ("- a\n- b\n", 1, "mapping"),
        ("1: x\n", 1, "text keys"),
        ("title: a\ntitle: b\n", 2, "stands twice"),
        ("a: *nowhere\n", 1, "undefined alias"),
        ("a: !!python/object/apply:os.system [id]\n", 1, "tag"),
        ("a: 2020-13-45\n", None, "not readable YAML"),
        ("a: " + "[" * 65 + "]" * 65, 1, "nested deeper"),
        ("a: &x [1]\nb: [" + ", ".join(["*x"] * 101) + "]\n", 2, "aliases"),
        ("a: \x01", None, "not readable YAML"),
        (rule(PLAIN).replace("level: high", "level: loud"), 4, "loud"),
        (rule(PLAIN).replace("status: test", "status: new"), 3, "new"),
        (rule(PLAIN).replace(IDS[1], "seven"), 2, "UUID"),
        (rule(PLAIN).replace("title: rule 1\n", ""), 1, "title"),
        (rule(PLAIN).replace("product: gate\n  service: main", "definition: x"), 5, "empty"),
        (rule("s: {name|shouts: x}\ncondition: s"), 8, "shouts"),
        (rule("s: {name: x}\ncondition: t"), 8, "'t' not defined"),
        (rule("s: {name: x}\ncondition: s and"), 8, "Expected"),
        (rule("s: {name: x}\ncondition: s | count() > 3"), 8, "pipe"),
        (rule("s: {name: x}"), 8, "condition"),
        (rule("s: {name: x}\ncondition: 1 of t*"), 8, "doesn't match any"),
        (rule("s: {name|re: '('}\ncondition: s"), 8, "missing )"),
        (rule("s: {ip|cidr: 10.0.0.1/99}\ncondition: s"), 8, "10.0.0.1/99"),
        (rule("s: {name|gt: x}\ncondition: s"), 8, "incompatible"),
        (rule("s: {}\ncondition: s"), 8, "empty"),
        (rule("s: {7: x}\ncondition: s"), 8, "unexpected type"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(text: str, line: int | None, words: str) -> None:
    _, found, reason = refused(text)
    assert words in reason
    assert found == line


def test_bytes_that_are_no_text_and_files_too_large() -> None:
    (found,) = parse_rules([("r.yml", b"title: x\nid: \xff\n")]).refused
    assert (found.line, "UTF-8" in found.reason) == (2, True)
    (found,) = parse_rules([("r.yml", b"#" * (1 << 20) + b"\n")]).refused
    assert "bytes" in found.reason


def test_one_bad_rule_does_not_stop_the_others() -> None:
    rules = parsed(rule(PLAIN, number=1), "title: [", rule(PLAIN, number=2))
    assert [r.info.id for r in rules.rules] == [IDS[1], IDS[2]]
    assert [r.path for r in rules.refused] == ["r2.yml"]


def test_documents_of_one_file_stand_for_themselves() -> None:
    bad = rule("s: {name|shouts: x}\ncondition: s", number=2)
    rules = one("---\n".join([rule(PLAIN, number=1), bad, rule(PLAIN, number=3)]))
    assert [(r.info.id, r.line) for r in rules.rules] == [(IDS[1], 1), (IDS[3], 23)]
    assert [(r.id, r.line) for r in rules.refused] == [(IDS[2], 19)]
    assert rules.rules[0].info.version != rules.rules[1].info.version


def test_a_global_document_is_part_of_the_rules_after_it() -> None:
    shared = "action: global\nlogsource: {product: gate, service: main}\n"
    body = rule(PLAIN).replace("logsource:\n  product: gate\n  service: main\n", "")
    (found,) = one(f"{shared}---\n{body}").rules
    assert found.logsource.product == "gate"


def test_a_rule_needs_an_id_of_its_own() -> None:
    _, line, reason = refused(rule(PLAIN).replace(f"id: {IDS[1]}\n", ""))
    assert (line, "no id" in reason) == (1, True)
    rules = parsed(rule(PLAIN), rule(PLAIN))
    assert [r.path for r in rules.rules] == ["r1.yml"]
    (again,) = rules.refused
    assert (again.path, again.line) == ("r2.yml", 2)
    assert "r1.yml:1" in again.reason


@pytest.mark.parametrize("named", ["any", f"[{IDS[1]}]"])
def test_filters_of_other_files_apply_and_change_the_version(named: str) -> None:
    texts = (FILTER % named, rule(PLAIN))
    assert firing([{"name": "bob"}, {"name": "bob", "cmd": "Tuesday"}], *texts) == [[1], []]
    before = parsed(rule(PLAIN)).rules[0].info.version
    after = parsed(*texts).rules[0].info.version
    assert before != after
    assert parsed(*texts).rules[0].info.version == after


def test_a_filter_that_applies_to_nothing_is_refused() -> None:
    (found,) = parsed(FILTER % f"[{IDS[5]}]", rule(PLAIN)).refused
    assert "applies to no rule" in found.reason


def test_tests_and_settings_of_a_rule() -> None:
    head = (
        "tests:\n- {name: one, match: true, event: {name: bob}}\n"
        "- {match: false, events: ['raw text', {a: 1}], source: gate}\n"
        "mantissa: {enabled: false, group_by: [actor_user, src_ip], major: 3}\n"
    )
    (found,) = parsed(rule(PLAIN, head=head)).rules
    first, second = found.tests
    assert (first.name, first.match, first.events, first.source) == (
        "one",
        True,
        ({"name": "bob"},),
        None,
    )
    assert (second.name, second.match, second.source) == ("test 2", False, "gate")
    assert second.events == ("raw text", {"a": 1})
    assert found.enabled is False
    assert (found.info.group_by, found.info.major) == (("actor_user", "src_ip"), 3)
    assert [r.info.id for r in prepared(rule(PLAIN, head=head)).disabled] == [IDS[1]]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("tests: {a: 1}\n", "must be a list"),
        ("tests: [5]\n", "test 1 must be a mapping"),
        ("tests: [{match: yes please, event: {}}]\n", "match: true"),
        ("tests: [{match: true}]\n", "either `event` or `events`"),
        ("tests: [{match: true, event: {}, events: []}]\n", "either `event` or `events`"),
        ("tests: [{match: true, events: []}]\n", "not empty"),
        ("tests: [{match: true, event: 5}]\n", "record's text"),
        ("tests: [{match: true, evnet: {}}]\n", "evnet"),
        ("mantissa: [1]\n", "must be a mapping"),
        ("mantissa: {enabled: maybe}\n", "true or false"),
        ("mantissa: {major: 0}\n", "from 1"),
        ("mantissa: {major: true}\n", "from 1"),
        ("mantissa: {group_by: src_ip}\n", "list of column names"),
        ("mantissa: {group_by: [sorce]}\n", "sorce"),
        ("mantissa: {enabeld: true}\n", "enabeld"),
    ],
)
def test_what_a_rule_says_beyond_sigma_is_checked(head: str, words: str) -> None:
    _, line, reason = refused(rule(PLAIN, head=head))
    assert words in reason
    assert line == 5


def test_an_unknown_field_is_refused_at_its_line() -> None:
    detection = "s:\n  name: x\n  nmae|contains: y\ncondition: s"
    (found,) = prepared(rule(detection)).refused
    assert (found.line, found.id, found.path) == (11, IDS[1], "r1.yml")
    reason = prepared(rule("s:\n  at: x\ncondition: s")).refused[0]
    assert (reason.line, "column at is a time" in reason.reason) == (10, True)


def test_files_are_found_in_folders(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    for name in ("a/b/two.yml", "a/one.yaml", "a/readme.md"):
        (tmp_path / name).write_text(rule(PLAIN))
    assert [p.name for p in find_rule_files([tmp_path])] == ["two.yml", "one.yaml"]
    rules = load_rules([tmp_path / "a/b/two.yml", tmp_path])
    assert len(rules.rules) == len(rules.refused) == 1
    with pytest.raises(RuleError, match="no such rule file"):
        load_rules([tmp_path / "none"])


def test_keys_with_a_line_of_their_own_are_found_for_errors() -> None:
    (found,) = parsed(rule("s:\n  - 'name|contains': x\ncondition: s")).rules
    assert found.line_of("name") == 10
    assert found.line_of("unheard_of") == 1
    assert fires({"name": "axb"}, "s:\n  - 'name|contains': x\ncondition: s")


def test_reading_rules_changes_no_document_that_is_kept() -> None:
    texts = [
        b"action: global\ntitle: x\nlogsource: {product: a}\nlevel: low\n---\n"
        b"id: 00000000-0000-4000-8000-000000000001\nlogsource: {service: s}\n"
        b"detection: {s: {a|contains|all: [b, c]}, condition: s}\n",
        b"title: y\nid: 00000000-0000-4000-8000-000000000002\nlogsource: {product: a}\n"
        b"detection: {s: [{a|re|i: b}, {c: null}], condition: 1 of s}\n"
        b"tests: [{name: t, match: true, event: {a: b}}]\n",
        b"title: f\nid: 00000000-0000-4000-8000-000000000003\nlogsource: {product: a}\n"
        b"filter: {rules: [00000000-0000-4000-8000-000000000002], s: {a: z}, condition: not s}\n",
    ]
    before = [
        deepcopy([d.value for d in read_documents(text, f"{n}")]) for n, text in enumerate(texts)
    ]
    first = parse_rules([(f"{n}", text) for n, text in enumerate(texts)])
    parse_rules([(f"{n}", text) for n, text in enumerate(texts)], today=date(2026, 1, 1))
    again = parse_rules([(f"{n}", text) for n, text in enumerate(texts)])
    assert len(first.rules) == 2 and first.refused == ()
    assert [r.info.version for r in again.rules] == [r.info.version for r in first.rules]
    after = [[d.value for d in read_documents(text, f"{n}")] for n, text in enumerate(texts)]
    assert after == before
