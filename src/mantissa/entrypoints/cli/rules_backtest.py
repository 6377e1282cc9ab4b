"""`mantissa rules backtest`: what rules would have found in the lake, and what that costs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot_on
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.layout import counted, moment, named
from mantissa.entrypoints.cli.span import read_span
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from mantissa.bootstrap.app import App
    from mantissa.detection.backtest import Backtest
    from mantissa.detection.prepare import Prepared
    from mantissa.detection.rule import RuleSet
    from mantissa.model import DataFile, TimeRange

SECONDS = 900.0
"""Time one fused query of a backtest may take, wherever it runs: nobody waits for its lease."""


@command(
    example="""
    mantissa rules backtest 7019dde0 --last 30d
    mantissa rules backtest ./rules/mine.yml --from 2026-11-01 --to 2026-11-07
    mantissa rules backtest --all --last 7d --json
    """
)
def backtest(
    call: Call,
    chosen: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID|PATH...]", help="Ids of rules, rule files or folders."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every rule that is enabled.")] = False,
    last: Annotated[str, typer.Option(metavar="SPAN", help="How far back: 30d, 12h.")] = "30d",
    start: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day, UTC, instead of --last.")
    ] = "",
    end: Annotated[
        str, typer.Option("--to", metavar="DATE", help="Last day, UTC; else until now.")
    ] = "",
    samples: Annotated[int, typer.Option(min=0, help="Events to show of each rule.")] = 5,
    engine: Annotated[
        str, typer.Option(help="duckdb for the lake here, athena or trino for the deployed one.")
    ] = "duckdb",
) -> Exit:
    """Say what rules would have found in the lake: how often, on which events, at what cost.

    All rules of a table are judged in one scan of the days asked for. Nothing is written and nobody
    is alerted. A disabled rule that is asked for by its id is tried too. A rule that fails is listed
    with its reason and is never one without matches.
    """
    from mantissa.adapters.local.rows import RowsEngine
    from mantissa.detection.backtest import Judges, pieces
    from mantissa.detection.backtest import backtest as judge
    from mantissa.model import QueryLimits

    app = boot_on(call, engine)
    span = read_span(last, start, end, app.clock.now())
    prepared = _prepared(app, _chosen(app, chosen or [], every), asked=not every)
    sizes = _sizes(app, prepared, span)
    parts = pieces(span, sizes)
    limits = QueryLimits(SECONDS, app.settings.query.memory)
    with call.output.progress("Looking back", total=len(parts), unit="parts") as progress:
        judges = Judges(app.engine, RowsEngine, limits, partial(progress.advance, 1))
        found = judge(judges, prepared, parts, samples)
    document = _document(found, prepared, sum(sizes.values()))
    call.output.result(document, lambda: _tell(call, document))
    return Exit.ATTENTION if document["failed"] or document["refused"] else Exit.DONE


def _chosen(app: App, names: list[str], every: bool) -> RuleSet:
    """Return the rules that were asked for. Raises `ConfigError` for a name that is none."""
    from mantissa.detection.load import load_rules
    from mantissa.detection.rule import RuleSet

    if every and names:
        raise ConfigError("either --all or some rules", fix="leave one of them out")
    if every:
        return app.rules
    if not names:
        raise ConfigError("which rules?", fix="give ids or files, or --all")
    paths = [Path(name) for name in names if Path(name).exists()]
    read = app.given(load_rules(paths)) if paths else RuleSet(())
    wanted = [_by_id(app.rules, name) for name in names if not Path(name).exists()]
    ids = {rule_id for one in wanted for rule_id in _with_members(app.rules, one)}
    return replace(
        read,
        rules=(*read.rules, *(r for r in app.rules.rules if r.info.id in ids)),
        correlations=(
            *read.correlations,
            *(c for c in app.rules.correlations if c.info.id in ids),
        ),
    )


def _with_members(known: RuleSet, rule_id: str) -> set[str]:
    """Return the id and, of a correlation, the ids of all that it refers to."""
    found = {rule_id}
    for correlation in reversed(known.correlations):
        if correlation.info.id in found:
            found |= {member.id for member in correlation.members}
    return found


def _by_id(known: RuleSet, name: str) -> str:
    every = [r.info.id for r in known.rules] + [c.info.id for c in known.correlations]
    found = [name] if name in every else [i for i in every if i.startswith(name)]
    if len(found) == 1:
        return found[0]
    for refusal in known.refused:
        if refusal.id and refusal.id.startswith(name):
            raise ConfigError(f"the rule was refused: {refusal.reason}", where=refusal.path)
    problem = f"{len(found)} rules have ids beginning with" if found else "no rule has the id"
    raise ConfigError(f"{problem} {name!r}", fix="see: mantissa rules list")


def _prepared(app: App, rules: RuleSet, *, asked: bool) -> Prepared:
    """Compile the rules; those asked for by name run even if they are disabled."""
    from mantissa.detection.dialects import DIALECTS
    from mantissa.detection.prepare import prepare

    if asked:
        rules = replace(
            rules,
            rules=tuple(replace(rule, enabled=True) for rule in rules.rules),
            correlations=tuple(replace(c, enabled=True) for c in rules.correlations),
        )
    prepared = prepare(rules, app.sources.values(), DIALECTS[app.engine.dialect])
    if asked and not prepared.predicates:
        for refusal in prepared.refused:
            raise ConfigError(f"the rule was refused: {refusal.reason}", where=refusal.path)
        raise ConfigError("no source carries what the rules are about", fix="mantissa sources list")
    return prepared


def _sizes(app: App, prepared: Prepared, span: TimeRange) -> dict[str, int]:
    """Return partition → bytes that the queries will read, from the partitions' totals."""
    from mantissa.ask.cost import estimate
    from mantissa.ask.reads import Read
    from mantissa.detection.backtest import reach, scans
    from mantissa.detection.tally import days_of

    reads = [Read(scan.table, scan.columns) for scan in scans(prepared)]
    files: dict[str, list[DataFile]] = {day: [] for day in days_of(reach(prepared, span))}
    for file in app.data_files():
        if file.event_date in files:
            files[file.event_date].append(file)
    return {day: estimate(reads, own).bytes for day, own in files.items()}


def _document(found: Backtest, prepared: Prepared, estimated: int) -> dict[str, Any]:
    from mantissa.ask.cost import dollars

    refused = [
        {"id": r.id, "path": r.path, "line": r.line, "reason": r.reason} for r in prepared.refused
    ]
    cost = sum(dollars(size) for size in found.scanned)
    return found.to_json() | {
        "refused": refused,
        "estimated_bytes": estimated,
        "queries": len(found.scanned),
        "cost_usd": round(cost, 6),
    }


def _tell(call: Call, document: dict[str, Any]) -> None:
    from mantissa.ask.cost import format_bytes

    matched = [rule for rule in document["rules"] if rule["matches"]]
    for rule in matched:
        _tell_rule(call, rule)
    silent = len(document["rules"]) - len(matched)
    call.output.say(
        f"{moment(document['from'])} to {moment(document['to'])} UTC: "
        f"{counted(len(matched), 'rule')} matched, {silent:,} found nothing"
    )
    call.output.say(
        f"read {format_bytes(document['bytes_scanned'])} "
        f"(estimated {format_bytes(document['estimated_bytes'])}) in "
        f"{counted(document['queries'], 'query').replace('querys', 'queries')}, "
        f"{document['seconds']:.1f} s; Athena's list price for it is ${document['cost_usd']:.5f}"
    )
    for kind in ("failed", "refused"):
        for rule in document[kind]:
            call.output.warn(f"rule {rule['id'] or rule['path']} {kind}: {rule['reason']}")


def _tell_rule(call: Call, rule: dict[str, Any]) -> None:
    thing = "finding" if rule["kind"] == "correlation" else "event"
    aside = "" if rule["reports"] else " (counts for correlations only)"
    told = counted(rule["matches"], thing)
    call.output.say(f"{rule['id'][:8]}  {rule['title']}: {told}{aside}")
    call.output.table(["day", f"{thing}s"], [[day, n] for day, n in rule["days"].items()])
    for sample in rule["samples"]:
        about = named(sample["entities"] | sample["fields"], 60)
        call.output.say(f"  {moment(sample['event_time'])}  {about}")
    call.output.say()
