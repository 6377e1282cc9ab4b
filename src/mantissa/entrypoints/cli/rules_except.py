"""`mantissa rules except`: what one rule is to leave out, by whom, why and until when."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mantissa.entrypoints.cli.alerts import person
from mantissa.entrypoints.cli.booting import boot_or_create
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.rules_chosen import find_rule
from mantissa.entrypoints.cli.text import visible
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from mantissa.bootstrap.local import LocalApp
    from mantissa.detection.exempt import Exempt
    from mantissa.detection.rule import Rule

FOLDER = "exceptions"


@command(
    example="""
    mantissa rules except 702ae724 --where userIdentity.userName=ci-deploy \
--reason "makes the keys of new services" --expires 90d
    """
)
def except_rule(
    call: Call,
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="The rule's id or its beginning.")],
    where: Annotated[
        list[str],
        typer.Option(metavar="FIELD=VALUE", help="What is left out; all of several must hold."),
    ],
    reason: Annotated[str, typer.Option(help="Why this is no finding.")],
    expires: Annotated[
        str, typer.Option(metavar="DAY", help="The last day, like 2027-01-31, or days like 90d.")
    ],
    author: Annotated[str, typer.Option(metavar="NAME", help="Who says so; else you.")] = "",
    title: Annotated[str, typer.Option(help="Its title; else made of the rule's.")] = "",
) -> None:
    """Write an exception of one rule: a Sigma filter that expires.

    From the next run on the rule leaves out records for which every --where holds; a field that is
    given several times may have any of the values. Sigma's modifiers work: 'Image|endswith=.exe'.
    After its last day the exception no longer applies, and `rules list` and `doctor` say so.
    """
    app = boot_or_create(call)
    rule = _rule(app, rule_id)
    today = app.clock.now().date()
    from mantissa.detection.exempt import Exempt, read_last_day, read_where, render_exception

    given = Exempt(
        id=str(uuid.uuid4()),
        title=title or f"Left out of: {rule.info.title}",
        author=author or person(),
        reason=_reason(reason),
        today=today,
        expires=read_last_day(expires, today),
        where=read_where(where),
    )
    text = render_exception(given, rule)
    file = _place(app, given, rule)
    for doubt in _check(app, rule, file, text):
        call.output.warn(doubt)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    _tell(call, given, rule, file)


def _tell(call: Call, given: Exempt, rule: Rule, file: Path) -> None:
    document = {
        "id": given.id,
        "rule": rule.info.id,
        "path": str(file),
        "author": given.author,
        "reason": given.reason,
        "expires": given.expires,
    }

    def show() -> None:
        call.output.say(f"Wrote {visible(str(file))}")
        call.output.note(f"It applies from the next run until {given.expires}, UTC.")

    call.output.result(document, show)


def _reason(reason: str) -> str:
    if not reason.strip():
        raise ConfigError("an exception needs a reason", fix='--reason "why this is no finding"')
    return reason.strip()


def _rule(app: LocalApp, rule_id: str) -> Rule:
    from mantissa.detection.rule import Rule

    found = find_rule(app.rules, rule_id)
    if isinstance(found, Rule):
        return found
    members = ", ".join(member.id for member in found.members)
    raise ConfigError(
        "a correlation takes no exceptions", where=found.path, fix=f"except its members: {members}"
    )


def _place(app: LocalApp, given: Exempt, rule: Rule) -> Path:
    if not app.settings.detection.rules:
        raise ConfigError("no folder of own rules is set", fix="set rules in [detection]")
    words = re.sub(r"[^a-z0-9]+", "_", rule.info.title.lower()).strip("_")[:48] or "rule"
    folder = app.home / app.settings.detection.rules[0] / FOLDER
    return folder / f"{words}_{given.id[:8]}.yml"


def _check(app: LocalApp, rule: Rule, file: Path, text: str) -> list[str]:
    """Compile the rule with its exception on every engine; return fields that may be slips.

    Raises `ConfigError` for an exception that cannot be said.
    """
    from mantissa.detection.dialects import DUCKDB, TRINO
    from mantissa.detection.doubt import doubtful
    from mantissa.detection.load import parse_rules
    from mantissa.detection.prepare import prepare

    files = [(rule.path, Path(rule.path).read_bytes()), (str(file), text.encode())]
    known = app.given(parse_rules(files))
    refusals = [r for r in known.refused if r.path == str(file)]
    doubts: dict[str, None] = {}
    for dialect in (DUCKDB, TRINO):
        made = prepare(known, app.sources.values(), dialect)
        refusals += [r for r in made.refused if r.path == str(file)]
        doubts |= {d.reason: None for d in doubtful(made.predicates) if d.path == str(file)}
    if refusals:
        raise ConfigError(refusals[0].reason, fix="see: mantissa rules explain " + rule.info.id[:8])
    return list(doubts)
