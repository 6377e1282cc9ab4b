"""`mantissa rules explain`: a rule in plain words, and how it becomes SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot_without_lake
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.rules_chosen import find_rule
from mantissa.entrypoints.cli.text import visible
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mantissa.bootstrap.local import LocalApp
    from mantissa.detection.correlation import Correlation
    from mantissa.detection.explain import Explanation
    from mantissa.detection.rule import Rule

DIALECT_NAMES = "duckdb or athena."
LONGEST = 100
"""Characters shown of what is computed once; `--json` and `rules sql` have it whole."""


@command(example="mantissa rules explain 7019dde0\nmantissa rules explain 7019dde0 --json")
def explain(
    call: Call,
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="The rule's id or its beginning.")],
    dialect: Annotated[str, typer.Option(help=DIALECT_NAMES)] = "duckdb",
) -> None:
    """Explain one rule: what it looks for, in which columns, and the SQL that this becomes."""
    from mantissa.detection.dialects import DIALECTS
    from mantissa.detection.explain import explain_rule
    from mantissa.detection.rule import Rule

    if dialect not in DIALECTS:
        raise ConfigError(f"no dialect {dialect!r}", fix=f"one of: {', '.join(DIALECTS)}")
    app = boot_without_lake(call)
    rule = find_rule(app.rules, rule_id)
    document = _head(app, rule) | {"dialect": dialect}
    if isinstance(rule, Rule):
        told = explain_rule(rule, app.sources.values(), DIALECTS[dialect])
        document |= told.to_json()
        show = _rule_lines(document, told)
    else:
        document |= _correlation(app, rule)
        show = _correlation_lines(document)
    call.output.result(document, lambda: _tell(call, show))


def _head(app: LocalApp, rule: Rule | Correlation) -> dict[str, Any]:
    from mantissa.bootstrap.noise import noise_of

    info = rule.info
    logsource = getattr(rule, "logsource", None)
    noise = noise_of(info)
    return {
        "id": info.id,
        "title": info.title,
        "level": str(info.level),
        "status": rule.status,
        "description": info.description,
        "version": info.version,
        "path": rule.path,
        "line": rule.line,
        "logsource": {
            key: getattr(logsource, key, None) for key in ("product", "service", "category")
        },
        "state": app.prepared.state_of(info.id),
        "false_positives": list(info.false_positives),
        "tests": [
            {"name": test.name, "match": test.match, "events": len(test.events)}
            for test in rule.tests
        ],
        "noise": None if noise is None else noise.to_json() | {"words": list(noise.words())},
    }


def _correlation(app: LocalApp, correlation: Correlation) -> dict[str, Any]:
    from mantissa.detection.explain_correlation import describe

    titles = {rule.info.id: rule.info.title for rule in app.rules.rules}
    titles |= {each.info.id: each.info.title for each in app.rules.correlations}
    return describe(correlation, titles)


def _tell(call: Call, lines: Iterator[str]) -> None:
    for line in lines:
        call.output.say(visible(line))


def _first_lines(document: dict[str, Any]) -> Iterator[str]:
    state = document["state"].replace("_", " ")
    yield f"{document['title']} ({document['level']}, {document['status'] or 'no status'}; {state})"
    yield from document["description"].strip().splitlines()
    yield ""


def _correlation_lines(document: dict[str, Any]) -> Iterator[str]:
    yield from _first_lines(document)
    yield "It fires when members' matches, taken together, are so:"
    yield f"  {document['words']}"
    yield "Its members:"
    for member in document["members"]:
        yield f"  {member['id'][:8]} {member['title']}"
    for name, fields in document["aliases"].items():
        yield f"  {name} stands for {', '.join(dict.fromkeys(fields.values()))}"
    alone = "report" if document["generate"] else "report nothing"
    yield f"By themselves they {alone}, as `generate` says; its SQL: mantissa rules sql ID"
    yield from _proof_lines(document)


def _rule_lines(document: dict[str, Any], told: Explanation) -> Iterator[str]:
    yield from _first_lines(document)
    yield f"It fires on a record of {_where(document['logsource'])} when"
    yield from _looked_for(told)
    yield from _exception_lines(told)
    for place in told.to_json()["applies_to"]:
        yield ""
        yield from _place_lines(place, document["dialect"])
    if not told.places:
        yield ""
        yield "No source carries that yet, so the rule waits."
    yield from _proof_lines(document)


def _where(logsource: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {value}" for name, value in logsource.items() if value)


def _looked_for(told: Explanation) -> Iterator[str]:
    from mantissa.detection.words import lines

    for line in lines(told.looks_for):
        yield f"  {line}"


def _exception_lines(told: Explanation) -> Iterator[str]:
    from mantissa.detection.words import lines

    for exception, words in told.exceptions:
        yield ""
        until = f"until {exception.expires}" if exception.expires else "for ever"
        if exception.expired:
            until = f"expired on {exception.expires}, so no longer applied"
        said = f"{exception.author or 'nobody named'}: {exception.reason or 'no reason given'}"
        yield f"Exception “{exception.title}”, {until} ({said}). It must also hold that"
        for line in lines(words):
            yield f"  {line}"


def _place_lines(place: dict[str, Any], dialect: str) -> Iterator[str]:
    only = f", rows where {place['only']}" if place["only"] else ""
    yield f"In source {place['source']}: table {place['table']}{only}"
    if place["reason"]:
        yield f"  cannot run there: {place['reason']}"
        return
    for field in place["fields"]:
        inside = f" at {'.'.join(field['path'])}" if field["path"] else ""
        yield f"  {field['field']} is column {field['column']} ({field['type']}){inside}"
    yield f"  As {dialect} SQL:"
    for name, value in place["computed"].items():
        yield f'    "{name}" is {value if len(value) <= LONGEST else value[:LONGEST] + " …"}'
    for line in place["condition"].splitlines():
        yield f"    {line}"


def _proof_lines(document: dict[str, Any]) -> Iterator[str]:
    if document["false_positives"]:
        yield ""
        yield "Known false positives: " + "; ".join(document["false_positives"])
    if document["noise"]:
        yield "Noise, as measured: " + "; ".join(document["noise"]["words"])
    yield ""
    if not document["tests"]:
        yield "It has no tests."
    for test in document["tests"]:
        yield f"Test: {test['name']}: {'match' if test['match'] else 'no match'}"
