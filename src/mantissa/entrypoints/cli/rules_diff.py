"""`mantissa rules diff`: what changed between two collections of rules, or two texts of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot_without_lake
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.documents import to_json
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 160
"""Characters shown of one value; `--json` has it whole."""


@command(
    example="""
    mantissa rules diff ./rules.old ./rules
    mantissa rules diff ./mine.yml ./mine-new.yml --json
    """
)
def diff(
    call: Call,
    before: Annotated[Path, typer.Argument(metavar="A", help="A rule file or folder, as it was.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="A rule file or folder, as it is.")],
) -> Exit:
    """Say which rules came, went and changed, in what, and whether their SQL changes.

    Rules are paired by id; two files of one rule each are compared whatever their ids are.
    """
    from mantissa.detection.diff import diff_rules
    from mantissa.detection.load import load_rules

    app = boot_without_lake(call)
    found = diff_rules(
        app.given(load_rules([before])), app.given(load_rules([after])), app.sources.values()
    )
    document = found.to_json()
    call.output.result(document, lambda: _tell(call, document))
    return Exit.ATTENTION if any(found.refused) else Exit.DONE


def _tell(call: Call, document: dict[str, Any]) -> None:
    for sign, key in (("+", "added"), ("-", "removed")):
        for rule in document[key]:
            call.output.say(visible(f"{sign} {rule['id'][:8]} {rule['title']} ({rule['level']})"))
    for rule in document["changed"]:
        sql = "SQL changes" if rule["sql_changed"] else "same SQL"
        call.output.say(visible(f"~ {rule['id'][:8]} {rule['title']} ({sql})"))
        for name, change in rule["fields"].items():
            for line in _lines(name, change["before"], change["after"]):
                call.output.say("    " + visible(line))
    call.output.say(
        f"{len(document['added']):,} added, {len(document['removed']):,} removed, "
        f"{len(document['changed']):,} changed, {document['unchanged']:,} unchanged"
    )
    for side, refusals in document["refused"].items():
        for refusal in refusals:
            place = f"{refusal['path']}:{refusal['line']}" if refusal["line"] else refusal["path"]
            call.output.warn(f"refused {side}: {place}: {refusal['reason']}")


def _lines(name: str, before: Any, after: Any) -> Iterator[str]:
    """Yield what changed; of lists, what came and what went."""
    if name.startswith("tests.") and before is not None and after is not None:
        yield f"{name}: changed"
        return
    if before is None or after is None:
        yield f"{name}: {'added ' + _short(after) if before is None else 'removed ' + _short(before)}"
        return
    if not isinstance(before, list) and not isinstance(after, list):
        yield f"{name}: {_short(before)} → {_short(after)}"
        return
    old, new = _listed(before), _listed(after)
    came = [f"+ {_short(value)}" for value in new if value not in old]
    went = [f"- {_short(value)}" for value in old if value not in new]
    yield f"{name}: {', '.join([*went, *came]) or 'another order'}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _short(value: Any) -> str:
    text = to_json(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
