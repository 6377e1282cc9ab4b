"""Every rule of the library: complete, valid Sigma 2, unique, and with tests of its own.

A correlation has its file to itself; the rules that only it refers to are further documents of that
file and report nothing. What is asked of a rule here is asked of the one document that has tests.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from sigma.collection import SigmaCollection
from sigma.rule import SigmaRule

ROOT = Path(__file__).resolve().parents[2] / "rules"
PATHS = sorted(p for p in ROOT.rglob("*") if p.is_file() and p != ROOT / "noise.json")
NAMES = [p.relative_to(ROOT).as_posix() for p in PATHS]
FEWEST = {
    ("aws", "cloudtrail"): 60,
    ("aws", "correlation"): 20,
    ("aws", "vpcflow"): 5,
    ("okta", "okta"): 4,
    ("github", "audit"): 3,
    ("windows", ""): 5,
}
KEYS = {
    "title",
    "id",
    "status",
    "description",
    "references",
    "author",
    "date",
    "tags",
    "logsource",
    "detection",
    "falsepositives",
    "level",
    "fields",
    "tests",
}
OPTIONAL = {"modified", "related", "mantissa", "name"}
CORRELATION_KEYS = KEYS - {"logsource", "detection", "fields"} | {"correlation"}
MEMBER_KEYS = {"title", "id", "name", "status", "description", "level"}
TACTICS = {
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "stealth",
    "defense-impairment",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
}

CANARY = "aws/cloudtrail/mantissa_canary_object_arrived.yml"
"""Matches what `mantissa doctor` makes and tells of no attack: the only rule without a technique."""

each_rule = pytest.mark.parametrize("path", PATHS, ids=NAMES)


@cache
def documents_of(path: Path) -> tuple[dict[str, Any], ...]:
    documents = tuple(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    assert all(isinstance(document, dict) for document in documents)
    return documents


@cache
def text_of(path: Path) -> dict[str, Any]:
    """Return the document that reports; a file has one."""
    (document,) = [d for d in documents_of(path) if "tests" in d]
    return document


def members_of(path: Path) -> list[dict[str, Any]]:
    return [d for d in documents_of(path) if "tests" not in d]


EVERY = [document for path in PATHS for document in documents_of(path)]
CORRELATIONS = [p for p in PATHS if "correlation" in text_of(p)]


def test_the_first_sources_have_their_rules() -> None:
    counts = Counter(path.relative_to(ROOT).parts[0:2] for path in PATHS)
    for (product, service), fewest in FEWEST.items():
        found = sum(n for (p, s), n in counts.items() if p == product and s.startswith(service))
        assert found >= fewest, (product, service)
    assert len(PATHS) >= 25


@pytest.mark.parametrize("key", ["id", "title", "name"])
def test_ids_titles_and_names_are_unique(key: str) -> None:
    counts = Counter(str(d[key]).lower() for d in EVERY if key in d)
    assert [value for value, count in counts.items() if count > 1] == []


def test_file_names_are_unique() -> None:
    assert len({p.name for p in PATHS}) == len(PATHS)


@each_rule
def test_file_lies_where_its_log_source_says(path: Path) -> None:
    product, service, name = path.relative_to(ROOT).parts
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+\.yml", name)
    if path in CORRELATIONS:
        assert service == "correlation"
        assert product in {d["logsource"]["product"] for d in _judged(path)}
        return
    source = text_of(path)["logsource"]
    assert product == source["product"]
    assert service == source.get("service", source.get("category"))


def _judged(path: Path) -> list[dict[str, Any]]:
    """Return the plain rules that a correlation's file has or names."""
    named = {d["name"]: d for d in EVERY if "name" in d}
    found = [d for d in documents_of(path) if "logsource" in d]
    for document in documents_of(path):
        rules = document.get("correlation", {}).get("rules", [])
        found += [named[r] for r in rules if "logsource" in named[r]]
    return found


@each_rule
def test_every_field_is_there_and_none_is_unknown(path: Path) -> None:
    keys = text_of(path).keys()
    wanted = CORRELATION_KEYS if path in CORRELATIONS else KEYS
    assert keys >= wanted
    assert keys - wanted - {"fields"} <= OPTIONAL


@each_rule
def test_members_are_named_told_apart_and_used(path: Path) -> None:
    members = members_of(path)
    used = {r for d in documents_of(path) for r in d.get("correlation", {}).get("rules", [])}
    assert all(m.keys() - {"tags", "falsepositives"} - MEMBER_KEYS <= _ASKS for m in members)
    assert all(m.keys() >= MEMBER_KEYS for m in members)
    assert {m["name"] for m in members} <= used
    assert all(uuid.UUID(m["id"]).version == 4 for m in members)
    assert all(10 <= len(m["title"]) <= 80 for m in members)


_ASKS = {"logsource", "detection", "correlation", "author", "date", "references", "fields"}


@each_rule
def test_rule_is_valid_sigma(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    rules = SigmaCollection.from_yaml(text, resolve_references=False).rules
    assert len(rules) == len(documents_of(path))
    for rule in rules:
        assert rule.errors == []
        if isinstance(rule, SigmaRule):
            assert all(condition.parsed for condition in rule.detection.parsed_condition)


@each_rule
def test_metadata_is_in_order(path: Path) -> None:
    rule = text_of(path)
    assert uuid.UUID(rule["id"]).version == 4
    assert rule["status"] in ("stable", "test")
    assert rule["level"] in ("informational", "low", "medium", "high", "critical")
    assert rule["author"] == "Mantissa Log"
    assert isinstance(rule["date"], date)
    assert 10 <= len(rule["title"]) <= 80
    assert not rule["title"].endswith(".")
    assert len(rule["description"].split()) >= 20


@each_rule
def test_references_are_secure_addresses(path: Path) -> None:
    references = text_of(path)["references"]
    assert references
    for reference in references:
        parts = urlsplit(reference)
        assert parts.scheme == "https"
        assert parts.hostname


@each_rule
def test_false_positives_are_said_in_words(path: Path) -> None:
    reasons = text_of(path)["falsepositives"]
    assert reasons
    assert all(len(r.split()) >= 4 for r in reasons)
    assert not {r.lower() for r in reasons} & {"unknown", "unlikely", "none"}


@each_rule
def test_tags_name_a_tactic_and_a_technique(path: Path) -> None:
    tags = text_of(path)["tags"]
    names = [t.removeprefix("attack.") for t in tags]
    techniques = [n for n in names if re.fullmatch(r"t\d{4}(\.\d{3})?", n)]

    if path == ROOT / CANARY:
        assert tags == []
        return
    assert all(t.startswith("attack.") for t in tags)
    assert techniques
    assert set(names) - set(techniques) <= TACTICS
    assert set(names) & TACTICS
    assert len(set(tags)) == len(tags)


@each_rule
def test_tests_show_what_matches_and_what_does_not(path: Path) -> None:
    tests = text_of(path)["tests"]
    assert {t["match"] for t in tests} == {True, False}
    assert len({t["name"] for t in tests}) == len(tests)
    key, kind = ("events", list) if path in CORRELATIONS else ("event", dict)
    for test in tests:
        assert test.keys() == {"name", "match", key}
        assert isinstance(test[key], kind)
    assert len({repr(t[key]) for t in tests}) == len(tests), "two tests have the same event"


@each_rule
def test_test_events_name_nobody(path: Path) -> None:
    """Addresses are of RFC 5737, RFC 3849 or private; accounts are AWS's examples."""
    text = path.read_text(encoding="utf-8")
    public = re.findall(r"\b(?!10\.|127\.|0\.)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\b(?!/)", text)
    allowed = re.compile(
        r"(192\.0\.2|198\.51\.100|203\.0\.113|192\.168\.\d+|172\.(1[6-9]|2\d|3[01])\.\d+)\.\d+"
    )
    versions = re.compile(r"/\d+\.\d+\.\d+\.\d+")
    known_versions = {v[1:] for v in versions.findall(text)}
    assert [a for a in public if not allowed.fullmatch(a) and a not in known_versions] == []
    accounts = set(re.findall(r"(?<!\d)\d{12}(?!\d)", text))
    assert accounts <= {"111122223333", "444455556666"} or "windows" in path.parts
