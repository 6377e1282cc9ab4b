"""`mantissa rules`: the Sigma rules, from the YAML to the SQL they become."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mantissa.entrypoints.cli.booting import boot_without_lake
from mantissa.entrypoints.cli.command import Call, command, noun
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.output import Column
from mantissa.entrypoints.cli.rules_backtest import backtest
from mantissa.entrypoints.cli.rules_chosen import chosen, find_rule
from mantissa.entrypoints.cli.rules_coverage import coverage
from mantissa.entrypoints.cli.rules_diff import diff
from mantissa.entrypoints.cli.rules_except import except_rule
from mantissa.entrypoints.cli.rules_explain import explain
from mantissa.entrypoints.cli.rules_import import import_rules
from mantissa.entrypoints.cli.rules_match import match
from mantissa.entrypoints.cli.rules_new import new
from mantissa.entrypoints.cli.rules_overview import overview, told
from mantissa.entrypoints.cli.rules_push import push
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from mantissa.detection.correlation import Correlation
    from mantissa.detection.prepare import Prepared
    from mantissa.detection.rule import Rule, RuleSet

rules = noun("The Sigma rules: list, check, test, see as SQL, try on records.")

Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH...]", help="Rule files or folders; else all that are enabled."),
]
RuleId = Annotated[str, typer.Argument(metavar="ID", help="The rule's id or its beginning.")]
rules.command("push")(push)
rules.command("backtest")(backtest)
rules.command("coverage")(coverage)
rules.command("import")(import_rules)
rules.command("match")(match)
rules.command("new")(new)
rules.command("diff")(diff)
rules.command("explain")(explain)
rules.command("except")(except_rule)
_COLUMNS: dict[str, Column] = {
    "id": lambda rule: rule["id"][:8],
    "level": "level",
    "state": lambda rule: rule["state"].replace("_", " "),
    "title": lambda rule: rule["title"] or rule["path"],
    "about": lambda rule: ", ".join(rule["sources"]) or rule["reason"],
    "health": told,
}


@rules.command("list")
@command(example="mantissa rules list\nmantissa rules list --json", lists=True)
def list_rules(call: Call) -> None:
    """List all rules and what becomes of each: runs, waits for a source, disabled or refused.

    Where there is a lake, each rule's health too: its last run and last error, whether its sources
    bring anything, and whether they ever fill the fields without which it cannot fire.
    """
    app = boot_without_lake(call)
    call.output.listing("rules", overview(app), _COLUMNS)


@rules.command("show")
@command(example="mantissa rules show 7019dde0")
def show(call: Call, rule_id: RuleId) -> None:
    """Show one rule whole: what it is about, its text, its state and its noise."""
    from mantissa.bootstrap.noise import noise_of

    app = boot_without_lake(call)
    rule = find_rule(app.rules, rule_id)
    noise = noise_of(rule.info)
    known = {entry["id"]: entry for entry in overview(app)}
    document = known[rule.info.id] | {
        "description": rule.info.description,
        "false_positives": list(rule.info.false_positives),
        "references": list(rule.info.references),
        "fields": list(rule.info.fields),
        "version": rule.info.version,
        "tests": len(rule.tests),
        "noise": None if noise is None else noise.to_json(),
        "text": rule.text,
    }

    def tell() -> None:
        call.output.say(rule.text)
        if noise is not None:
            call.output.say(f"# Noise: {'; '.join(noise.words())}")

    call.output.result(document, tell)


@rules.command("check")
@command(example="mantissa rules check\nmantissa rules check ./rules/mine.yml --json")
def check(call: Call, paths: Paths = None) -> Exit:
    """Compile rules for every dialect and list what is refused, with its place and reason."""
    from mantissa.detection.check import check_rules
    from mantissa.detection.exceptions import remarks

    app = boot_without_lake(call)
    given = chosen(app, paths)
    report = check_rules(given, app.sources.values())
    warnings = [*remarks(given.exceptions), *map(asdict, report.doubts)]
    document = report.to_json() | {"warnings": warnings}

    def tell() -> None:
        call.output.say(f"{document['rules']:,} rules, {document['ok']:,} can run")
        if document["refused"]:
            columns = ["path", "line", "reason"]
            call.output.table(columns, [[r[c] for c in columns] for r in document["refused"]])
        for remark in document["warnings"]:
            call.output.warn(f"{remark['path']}:{remark['line']}: {remark['reason']}")

    call.output.result(document, tell)
    return Exit.DONE if report.ok else Exit.ATTENTION


@rules.command("test")
@command(example="mantissa rules test\nmantissa rules test ./rules --json")
def test(call: Call, paths: Paths = None) -> Exit:
    """Run the tests that rules carry, through the source's mapping and the rule's own SQL."""
    from mantissa.adapters.local.rows import RowsEngine
    from mantissa.detection.dialects import DUCKDB
    from mantissa.detection.selftest import run_tests

    app = boot_without_lake(call)
    given = chosen(app, paths)
    report = run_tests(given, list(app.sources.values()), DUCKDB, RowsEngine)
    document = report.to_json() | {
        "refused": [{"id": r.id, "path": r.path, "reason": r.reason} for r in given.refused]
    }

    def tell() -> None:
        failed = document["failed"]
        call.output.say(f"{report.rules:,} rules, {report.tests:,} tests, {len(failed):,} failed")
        if failed:
            columns = ["id", "test", "expected", "got"]
            call.output.table(columns, [[f[c] for c in columns] for f in failed])

    call.output.result(document, tell)
    return Exit.ATTENTION if report.failed or given.refused else Exit.DONE


@rules.command("sql")
@command(example="mantissa rules sql 7019dde0 --dialect athena")
def sql(
    call: Call,
    rule_id: RuleId,
    dialect: Annotated[str, typer.Option(help="duckdb or athena.")] = "duckdb",
) -> None:
    """Show the SQL that one rule becomes.

    A correlation's reads the table `matches`, which holds what its members matched.
    """
    from mantissa.detection.dialects import DUCKDB, TRINO
    from mantissa.detection.prepare import prepare
    from mantissa.detection.show import rule_sql, whole_correlation_sql

    dialects = {"duckdb": DUCKDB, "athena": TRINO, "trino": TRINO}
    if dialect not in dialects:
        raise ConfigError(f"no dialect {dialect!r}", fix=f"one of: {', '.join(dialects)}")
    app = boot_without_lake(call)
    rule = find_rule(app.rules, rule_id)
    prepared = prepare(_alone(rule, app.rules), app.sources.values(), dialects[dialect])
    _refuse_what_does_not_run(rule, prepared)
    texts = [
        rule_sql(predicate, dialects[dialect])
        for predicate in prepared.predicates
        if predicate.rule is rule
    ]
    texts += [
        whole_correlation_sql(correlation, dialects[dialect])
        for correlation in prepared.correlations
        if correlation is rule
    ]
    text = ";\n\n".join(texts)
    document = {"id": rule.info.id, "dialect": dialect, "sql": text}
    call.output.result(document, lambda: call.output.say(text))


def _alone(rule: Rule | Correlation, known: RuleSet) -> RuleSet:
    """Return what must be compiled to see one rule: itself, or everything a correlation rests on."""
    from mantissa.detection.rule import Rule, RuleSet

    return RuleSet((rule,)) if isinstance(rule, Rule) else replace(known, refused=())


def _refuse_what_does_not_run(rule: Rule | Correlation, prepared: Prepared) -> None:
    if rule.info.id in prepared.infos:
        return
    for refusal in prepared.refused:
        if refusal.id == rule.info.id:
            raise ConfigError(f"the rule was refused: {refusal.reason}", where=refusal.path)
    state = prepared.state_of(rule.info.id)
    raise ConfigError(f"the rule {state.replace('_', ' ')}", where=rule.path)
