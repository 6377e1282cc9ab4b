"""`mantissa quarantine`: records that could not become rows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot
from mantissa.entrypoints.cli.command import Call, command, noun
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.layout import facts
from mantissa.entrypoints.cli.output import Column
from mantissa.entrypoints.cli.text import visible_lines
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from mantissa.lake.quarantine import Entry

quarantine = noun("Records that could not become rows, each with its reason.")

_COLUMNS: dict[str, Column] = {
    "id": "id",
    "reason": "reason",
    "object": lambda entry: entry["source_object"].rpartition("/")[2],
    "line": "line",
    "detail": "detail",
}

ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="CODE", help="Only entries of this reason.")
]


@quarantine.command("list")
@command(example="mantissa quarantine list\nmantissa quarantine list --reason bad_json", lists=True)
def list_entries(call: Call, reason: ReasonOption = None) -> None:
    """List what is in quarantine."""
    entries = [_document(e) for e in boot(call).quarantine.entries(reason=_known(reason))]
    call.output.listing("entries", entries, _COLUMNS)


@quarantine.command("show")
@command(
    example="mantissa quarantine show $(mantissa quarantine list --jsonl | head -1 | jq -r .id)"
)
def show(call: Call, entry_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Show one entry with the record as it was received."""
    entry = boot(call).quarantine.show(entry_id)
    document = _document(entry)

    def tell() -> None:
        call.output.say(facts((k, v) for k, v in document.items() if k != "raw"))
        call.output.say(f"\n{visible_lines(entry.raw)}")

    call.output.result(document, tell)


@quarantine.command("replay")
@command(example="mantissa quarantine replay\nmantissa quarantine replay --reason unknown_source")
def replay(call: Call, reason: ReasonOption = None) -> Exit:
    """Try quarantined records again with today's sources; what still fails stays."""
    report = boot(call).replay.run(reason=_known(reason))

    def tell() -> None:
        call.output.say(
            f"{report.tried:,} tried, {report.released:,} released ({report.rows:,} rows), "
            f"{report.remaining:,} remain"
        )

    call.output.result(asdict(report), tell)
    return Exit.ATTENTION if report.remaining else Exit.DONE


def _known(reason: str | None) -> str | None:
    from mantissa.model import Reason

    if reason is not None and reason not in list(Reason):
        raise ConfigError(f"no reason {reason!r}", fix=f"one of: {', '.join(Reason)}")
    return reason


def _document(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "source": entry.source,
        "source_object": entry.source_object,
        "line": entry.line,
        "reason": entry.reason,
        "detail": entry.detail,
        "raw": entry.raw,
        "encoding": entry.encoding,
        "sha256": entry.sha256,
        "truncated": entry.truncated,
    }
