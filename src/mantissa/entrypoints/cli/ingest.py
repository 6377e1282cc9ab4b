"""`mantissa ingest`: files become rows."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot_or_create
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.exits import Exit

if TYPE_CHECKING:
    from mantissa.bootstrap import App
    from mantissa.lake.ingest import Ingested

POLL_SECONDS = 2.0


@dataclass(slots=True)
class IngestReport:
    """Sums over the objects of one call."""

    objects: int = 0
    already_ingested: int = 0
    records: int = 0
    rows: int = 0
    quarantined: int = 0
    filtered: int = 0
    tables: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    filtered_by: dict[str, int] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)
    bytes_in: int = 0
    seconds: float = 0.0

    def add(self, done: Ingested) -> None:
        """Count one object in."""
        self.objects += 1
        self.already_ingested += done.already
        if done.already:
            return
        counts = done.counts
        self.records += counts.records
        self.rows += counts.rows
        self.quarantined += counts.quarantined
        self.filtered += counts.filtered
        self.bytes_in += done.bytes_in
        _add(self.tables, done.tables)
        _add(self.reasons, counts.reasons)
        _add(self.filtered_by, counts.filtered_by)
        _add(self.sources, {done.source: 1} if done.source else {})

    def to_json(self) -> dict[str, Any]:
        """Return the report as the contract has it."""
        return {name: getattr(self, name) for name in self.__slots__}


@command(example="mantissa ingest ./logs\nmantissa ingest 'logs/*.json.gz' --source aws_cloudtrail")
def ingest(
    call: Call,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, folders, globs, zip or tar.")
    ],
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="The log source; else it is recognised.")
    ] = None,
    follow: Annotated[bool, typer.Option(help="Keep looking for new files until Ctrl+C.")] = False,
    detect: Annotated[bool, typer.Option(help="Run detection on what was ingested.")] = False,
) -> Exit:
    """Turn log files into rows of the lake.

    Takes plain, gzip, zstd and bzip2 files and the members of zip and tar archives. A file whose
    content was ingested before is left alone. What cannot become a row goes to quarantine with
    its reason: always records = rows + quarantined + filtered.
    """
    app = boot_or_create(call)
    if source is not None:
        app.sources.find(source)
    report = ingest_all(call, app, paths, source)
    document = report.to_json() | ({"detection": _detect(app)} if detect else {})
    call.output.result(document, lambda: tell_ingest(call, report))
    while follow:
        time.sleep(POLL_SECONDS)
        _follow(call, app, paths, source, detect=detect)
    return Exit.ATTENTION if report.quarantined else Exit.DONE


def ingest_all(call: Call, app: App, paths: Iterable[str], source: str | None) -> IngestReport:
    """Ingest everything that the paths stand for."""
    from mantissa.adapters.local.inputs import expand

    report = IngestReport()
    started = time.monotonic()
    keys = list(expand(list(paths), app.limits))
    with call.output.progress("Ingesting", total=len(keys), unit="objects") as progress:
        for key in keys:
            report.add(app.ingest.one(key, source=source))
            progress.advance(title=key.rpartition("/")[2])
    report.seconds = round(time.monotonic() - started, 3)
    return report


def _follow(call: Call, app: App, paths: list[str], source: str | None, *, detect: bool) -> None:
    report = ingest_all(call, app, paths, source)
    if report.already_ingested < report.objects:
        if detect:
            _detect(app)
        call.output.note(f"{report.records:,} records of new files: {report.rows:,} rows")


def _detect(app: App) -> dict[str, Any]:
    from mantissa.entrypoints.cli.detect import run_detection

    return run_detection(app)


def tell_ingest(call: Call, report: IngestReport) -> None:
    """Print a report for people."""
    say = call.output.say
    say(
        f"{report.objects:,} objects ({report.already_ingested:,} ingested before), "
        f"{report.bytes_in:,} bytes in {report.seconds:.1f} s"
    )
    say(
        f"{report.records:,} records = {report.rows:,} rows + {report.quarantined:,} quarantined "
        f"+ {report.filtered:,} filtered"
    )
    if report.tables:
        call.output.table(["table", "rows"], [[t, n] for t, n in sorted(report.tables.items())])
    if report.reasons:
        call.output.table(
            ["quarantine reason", "records"], [[r, n] for r, n in sorted(report.reasons.items())]
        )
        call.output.note("See them with: mantissa quarantine list")


def _add(total: dict[str, int], more: Any) -> None:
    for key, number in more.items():
        total[key] = total.get(key, 0) + number
