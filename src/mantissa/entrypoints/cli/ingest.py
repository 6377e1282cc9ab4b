"""`mantissa ingest`: files become rows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot_or_create
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.detect import exit_of, run_detection, tell_detection
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.layout import counted
from mantissa.entrypoints.cli.text import visible
from mantissa.errors import ConfigError, MantissaError, StoreError

if TYPE_CHECKING:
    from mantissa.bootstrap.local import LocalApp
    from mantissa.lake.ingest import Ingested

POLL_SECONDS = 2.0
_WARNINGS = 20
"""Objects named one by one in warnings."""


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
    failed: list[dict[str, str | None]] = field(default_factory=list)
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

    def refuse(self, key: str, error: MantissaError) -> None:
        """Count one object that could not be read; nothing of it was ingested."""
        told = {"code": error.code, "message": error.message, "fix": error.fix}
        self.failed.append({"object": key, **told})

    @property
    def needs_a_look(self) -> bool:
        """Whether anything did not become what it should."""
        return bool(self.quarantined or self.failed)

    def to_json(self) -> dict[str, Any]:
        """Return the report as the contract has it."""
        return {name: getattr(self, name) for name in self.__slots__}


@command(
    example="""
    mantissa ingest mantissa-demo/raw
    mantissa ingest 'logs/**/*.json.gz' archive.zip --source aws_cloudtrail
    mantissa ingest /var/log/okta --follow --detect
    """
)
def ingest(
    call: Call,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, folders, globs, zip or tar.")
    ],
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="The log source; else it is recognised.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Keep looking for new files until Ctrl+C.")
    ] = False,
    detect: Annotated[
        bool, typer.Option("--detect", help="Run detection on what was ingested.")
    ] = False,
) -> Exit:
    """Turn log files into rows of the lake.

    Takes plain, gzip, zstd and bzip2 files and the members of zip and tar archives; in folders,
    hidden files are left out. A file whose content was ingested before is left alone. What cannot
    become a row goes to quarantine with its reason: always records = rows + quarantined + filtered.

    With --follow a new file is taken when it has stopped growing. One that grows afterwards is
    another content, and taken whole again: follow folders that finished files are moved into.
    """
    app = boot_or_create(call)
    if source is not None:
        app.sources.find(source)
    report = ingest_all(call, app, paths, source)
    found = run_detection(call, app) if detect else None
    document = report.to_json() | ({} if found is None else {"detection": found})
    call.output.result(document, lambda: _tell(call, report, found))
    if follow:
        Following(call, app, paths, source, detect=detect).run()
    clean = found is None or exit_of(found) is Exit.DONE
    return Exit.DONE if clean and not report.needs_a_look else Exit.ATTENTION


def ingest_all(call: Call, app: LocalApp, paths: Iterable[str], source: str | None) -> IngestReport:
    """Ingest everything that the paths stand for.

    An object that cannot be read does not stop the others; alone, it is the error of the command.
    """
    from mantissa.adapters.local.inputs import expand

    return ingest_keys(call, app, list(dict.fromkeys(expand(list(paths), app.limits))), source)


def ingest_keys(call: Call, app: LocalApp, keys: Sequence[str], source: str | None) -> IngestReport:
    """Ingest these objects."""
    report = IngestReport()
    started = time.monotonic()
    with call.output.progress("Ingesting", total=len(keys), unit="objects") as progress:
        for key in keys:
            try:
                report.add(app.ingest.one(key, source=source))
            except (StoreError, ConfigError) as error:
                if error.where != key or len(keys) == 1:
                    raise
                report.refuse(key, error)
            progress.advance(title=key.rpartition("/")[2])
    report.seconds = round(time.monotonic() - started, 3)
    return report


class Following:
    """Looks again and again for files that are new or have changed, and have stopped growing."""

    def __init__(
        self, call: Call, app: LocalApp, paths: list[str], source: str | None, *, detect: bool
    ) -> None:
        self._call, self._app = call, app
        self._paths, self._source, self._detect = paths, source, detect
        self._taken = self._stamps()
        self._before = self._taken

    def run(self) -> None:
        """Look until Ctrl+C."""
        self._call.output.note("Following; Ctrl+C ends it.")
        while True:
            time.sleep(POLL_SECONDS)
            self.look()

    def look(self) -> IngestReport:
        """Ingest what has settled since the last look."""
        now = self._stamps()
        settled = [k for k, s in now.items() if self._before.get(k) == s != self._taken.get(k)]
        self._before = now
        self._taken |= {key: now[key] for key in settled}
        report = ingest_keys(self._call, self._app, settled, self._source) if settled else None
        if report is None:
            return IngestReport()
        self._tell(report)
        return report

    def _tell(self, report: IngestReport) -> None:
        note = self._call.output.note
        note(f"{counted(report.records, 'record')} of new files: {counted(report.rows, 'row')}")
        _warn(self._call, report)
        if self._detect and report.rows:
            found = run_detection(self._call, self._app)
            note(f"{counted(found['findings'], 'finding')}, {counted(found['alerts'], 'alert')}")

    def _stamps(self) -> dict[str, tuple[int, int]]:
        from mantissa.adapters.local.inputs import expand

        keys = expand(self._paths, self._app.limits)
        return {key: stamp for key in keys if (stamp := _stamp(key)) is not None}


def _stamp(key: str) -> tuple[int, int] | None:
    """Return what changes when an object's file does; None when it is gone again."""
    for name in (key, key.partition("!")[0]):
        with suppress(OSError):
            status = Path(name).stat()
            return status.st_size, status.st_mtime_ns
    return None


def _tell(call: Call, report: IngestReport, found: dict[str, Any] | None) -> None:
    tell_ingest(call, report)
    if found is not None:
        tell_detection(call, found)


def tell_ingest(call: Call, report: IngestReport) -> None:
    """Print a report for people."""
    from mantissa.ask.cost import format_bytes

    say = call.output.say
    say(
        f"{counted(report.objects, 'object')} ({report.already_ingested:,} ingested before), "
        f"{format_bytes(report.bytes_in)} in {report.seconds:.1f} s"
    )
    say(
        f"{counted(report.records, 'record')} = {counted(report.rows, 'row')} + "
        f"{report.quarantined:,} quarantined + {report.filtered:,} filtered"
    )
    if report.tables:
        call.output.table(["table", "rows"], [[t, n] for t, n in sorted(report.tables.items())])
    if report.reasons:
        call.output.table(
            ["quarantine reason", "records"], [[r, n] for r, n in sorted(report.reasons.items())]
        )
        call.output.note("See them with: mantissa quarantine list")
    _warn(call, report)


def _warn(call: Call, report: IngestReport) -> None:
    for failed in report.failed[:_WARNINGS]:
        call.output.warn(f"not ingested: {visible(str(failed['object']))}: {failed['message']}")
    if len(report.failed) > _WARNINGS:
        call.output.warn(f"not ingested: {len(report.failed) - _WARNINGS:,} more objects")


def _add(total: dict[str, int], more: Any) -> None:
    for key, number in more.items():
        total[key] = total.get(key, 0) + number
