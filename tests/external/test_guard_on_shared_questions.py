"""The guard on the shared example questions and attacks (`ask_eval.jsonl`), in their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp, parse_one

from mantissa.ask.guard import guard
from mantissa.ask.reads import Names
from mantissa.errors import GuardRefused

NEEDS_A_SCOPE = {"partition_defeat"}
"""Refused by the policy of the asking user (window, tenant), not by the guard's grammar."""


KINDS = {
    **dict.fromkeys(("event_time", "start_time", "created_at"), "timestamp(3)"),
    **dict.fromkeys(("bytes", "dst_port", "response_code", "packets", "protocol"), "bigint"),
    **dict.fromkeys(("archived", "privileged", "host_network", "read_only"), "boolean"),
    "severity": "double",
}
"""Trino types of the file's columns that are not text."""


def entries(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "ask_eval.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def example_names(questions: list[dict[str, Any]]) -> Names:
    """Give each table every column that any question names: the file has no schema of its own."""
    trees = [parse_one(q["sql"], dialect="duckdb") for q in questions]
    columns = {c.name for tree in trees for c in tree.find_all(exp.Column)}
    tables = {name for q in questions for name in q["tables"]}
    kinds = {name: KINDS.get(name, "varchar") for name in sorted(columns | {"account_id"})}
    return Names(dict.fromkeys(tables, kinds))


@pytest.fixture
def eval_entries(shared_data: Path) -> list[dict[str, Any]]:
    return entries(shared_data)


def test_every_reference_answer_passes(eval_entries: list[dict[str, Any]]) -> None:
    questions = [e for e in eval_entries if e["kind"] == "question"]
    names = example_names(questions)
    for question in questions:
        assert guard(question["sql"], names).tables, question["id"]
    assert len(questions) >= 30


def test_every_attack_that_grammar_can_tell_is_refused(eval_entries: list[dict[str, Any]]) -> None:
    names = example_names([e for e in eval_entries if e["kind"] == "question"])
    passed = []
    for attack in (e for e in eval_entries if e["kind"] == "adversarial"):
        if not attack["expect"].startswith("reject") or attack["category"] in NEEDS_A_SCOPE:
            continue
        try:
            guard(attack["scripted_llm_sql"], names)
        except GuardRefused:
            continue
        passed.append(attack["id"])
    assert passed == []
