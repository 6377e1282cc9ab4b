"""`mantissa rules explain`: a rule in plain words, and how it becomes SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot_without_lake
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.text import visible
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mantissa.bootstrap.local import LocalApp
    from mantissa.detection.explain import Explanation
    from mantissa.detection.rule import Rule, RuleSet

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

    if dialect not in DIALECTS:
        raise ConfigError(f"no dialect {dialect!r}", fix=f"one of: {', '.join(DIALECTS)}")
    app = boot_without_lake(call)
    rule = find_rule(app.rules, rule_id)
    told = explain_rule(rule, app.sources.values(), DIALECTS[dialect])
    document = _head(app, rule) | {"dialect": dialect} | told.to_json()
    call.output.result(document, lambda: _tell(call, document, told))


def find_rule(known: RuleSet, rule_id: str) -> Rule:
    """Return the rule of an id or of its beginning. Raises `ConfigError`."""
    found = [rule for rule in known.rules if rule.info.id == rule_id]
    found = found or [rule for rule in known.rules if rule.info.id.startswith(rule_id)]
    if len(found) == 1:
        return found[0]
    for refusal in known.refused:
        if refusal.id and refusal.id.startswith(rule_id):
            raise ConfigError(f"the rule was refused: {refusal.reason}", where=refusal.path)
    problem = f"{len(found)} rules have ids beginning with" if found else "no rule has the id"
    raise ConfigError(f"{problem} {rule_id!r}", fix="see: mantissa rules list")


def _head(app: LocalApp, rule: Rule) -> dict[str, Any]:
    info = rule.info
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
            "product": rule.logsource.product,
            "service": rule.logsource.service,
            "category": rule.logsource.category,
        },
        "state": app.prepared.state_of(info.id),
        "false_positives": list(info.false_positives),
        "tests": [
            {"name": test.name, "match": test.match, "events": len(test.events)}
            for test in rule.tests
        ],
    }


def _tell(call: Call, document: dict[str, Any], told: Explanation) -> None:
    for line in _lines(document, told):
        call.output.say(visible(line))


def _lines(document: dict[str, Any], told: Explanation) -> Iterator[str]:
    state = document["state"].replace("_", " ")
    yield f"{document['title']} ({document['level']}, {document['status'] or 'no status'}; {state})"
    yield from document["description"].strip().splitlines()
    yield ""
    yield f"It fires on a record of {_where(document['logsource'])} when"
    yield from _looked_for(told)
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
    yield ""
    if not document["tests"]:
        yield "It has no tests."
    for test in document["tests"]:
        yield f"Test: {test['name']}: {'match' if test['match'] else 'no match'}"
