"""Everything a command prints goes through one `Output`: results out, the rest to standard error.

The result is one JSON document with `--json`, one line per entry with `--jsonl`, and text or a
table for people otherwise. All of it passes `text.visible`: a log may have written any part.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, Literal, TextIO

from mantissa.entrypoints.cli.documents import to_json
from mantissa.entrypoints.cli.progress import Progress
from mantissa.entrypoints.cli.text import redact, visible, visible_lines
from mantissa.errors import MantissaError

Form = Literal["text", "json", "jsonl"]
Entry = Mapping[str, Any]
Column = str | Callable[[Any], object]
"""A value of an entry: by its name, or what a function makes of the entry for people."""
_LONGEST = 1000
"""Characters of one line of an error."""
_WIDE = 100_000
"""Columns of a table that nobody looks at: nothing is folded on its way into a pipe."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to print.

    Args:
        quiet: no progress and no notes; results, warnings and errors stay.
        plain: neither colour nor bars, whatever the streams are (`NO_COLOR`).
        secrets: values that must never be printed in an error.
    """

    form: Form = "text"
    quiet: bool = False
    plain: bool = False
    secrets: tuple[str, ...] = ()


class Output:
    """Where a command's words go."""

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        manner: Manner | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out, self._err = stdout, stderr
        self.manner = manner or Manner()
        self._monotonic = monotonic
        self._progress: Progress | None = None

    @property
    def for_people(self) -> bool:
        """Whether the result is text; only then `say` and `table` print."""
        return self.manner.form == "text"

    def result(self, document: Mapping[str, Any], show: Callable[[], None]) -> None:
        """Print the one JSON document of this command, or call `show` to print for people."""
        if self.for_people:
            show()
        else:
            self.document(document)

    def document(self, document: Mapping[str, Any]) -> None:
        """Print one JSON document."""
        indent = 2 if self._out.isatty() and self.manner.form == "json" else None
        self._write(self._out, to_json(document, indent=indent) + "\n")

    def listing(
        self, name: str, entries: Sequence[Entry], columns: Sequence[str] | Mapping[str, Column]
    ) -> None:
        """Print a list: `{name: entries}`, one entry a line with `--jsonl`, or a table.

        Args:
            columns: the table's; a mapping says what stands under each heading.
        """
        if self.manner.form == "jsonl":
            self._write(self._out, "".join(to_json(entry) + "\n" for entry in entries))
            return
        self.result({name: entries}, lambda: self._listed(name, entries, columns))

    def _listed(
        self, name: str, entries: Sequence[Entry], columns: Sequence[str] | Mapping[str, Column]
    ) -> None:
        shown = columns if isinstance(columns, Mapping) else {c: c for c in columns}
        if entries:
            rows = [[_of(entry, column) for column in shown.values()] for entry in entries]
            self.table(list(shown), rows)
        else:
            self.note(f"No {name}.")

    def say(self, text: str = "") -> None:
        """Print lines of a result for people. Text out of a log goes through `visible` first."""
        self._write(self._out, visible_lines(text) + "\n")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table for people; numbers stand right, nothing is cut."""
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        terminal = self._out.isatty()
        buffer = StringIO()
        console = Console(
            file=buffer,
            force_terminal=terminal,
            no_color=self.manner.plain,
            width=None if terminal else _WIDE,
            highlight=False,
        )
        table = Table(
            box=box.SIMPLE_HEAD if terminal else None,
            pad_edge=False,
            header_style="" if self.manner.plain else "bold",
        )
        for position, column in enumerate(columns):
            right = all(_is_number(row[position]) for row in rows) and bool(rows)
            table.add_column(
                Text(visible(column)), overflow="fold", justify="right" if right else "left"
            )
        for row in rows:
            table.add_row(*(Text(cell(value)) for value in row))
        console.print(table)
        lines = (line.rstrip() for line in buffer.getvalue().splitlines())
        self._write(self._out, "\n".join(lines).strip("\n") + "\n")

    def note(self, text: str) -> None:
        """Tell something on the side, unless `--quiet`."""
        if not self.manner.quiet:
            self._aside(text)

    def warn(self, text: str) -> None:
        """Warn of something that the user should look at."""
        self._aside("warning: " + text)

    def error(self, error: MantissaError) -> None:
        """Print an error: at most three lines, or with `--json` one document."""
        if self.for_people:
            self._write(self._err, "".join(line + "\n" for line in self._error_lines(error)))
        else:
            self._write(self._out, to_json({"error": self._error_document(error)}) + "\n")

    def trace(self, text: str) -> None:
        """Print a traceback, for `--debug`."""
        self._write(self._err, visible_lines(redact(text, self.manner.secrets)) + "\n")

    def progress(
        self, title: str, *, total: float | None = None, unit: str = "records"
    ) -> Progress:
        """Begin a progress bar; it shows on a terminal only, and only after a second."""
        shown = self._err.isatty() and self._out.isatty()
        shown = shown and not (self.manner.quiet or self.manner.plain)
        stream = self._err if shown else None
        self._progress = Progress(title, total, unit, stream=stream, monotonic=self._monotonic)
        return self._progress

    def _error_document(self, error: MantissaError) -> dict[str, Any]:
        parts = {"message": error.message, "where": error.where, "fix": error.fix}
        return {"code": error.code} | {
            name: None if part is None else redact(part, self.manner.secrets)
            for name, part in parts.items()
        }

    def _error_lines(self, error: MantissaError) -> list[str]:
        parts = (("error", error.message), ("  at", error.where), (" fix", error.fix))
        return [
            f"{label}: {_short(visible(redact(part, self.manner.secrets)))}"
            for label, part in parts
            if part
        ]

    def _aside(self, text: str) -> None:
        line = visible_lines(redact(text, self.manner.secrets))
        if self._progress is None or not self._progress.say(line):
            self._write(self._err, line + "\n")

    def _write(self, stream: TextIO, text: str) -> None:
        stream.write(text)
        stream.flush()


def cell(value: object) -> str:
    """Return one value of a table as safe text on one line; an absent one is empty."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, str):
        return visible(value)
    text = to_json(value)
    return visible(text[1:-1] if text.startswith('"') else text)


def _of(entry: Entry, column: Column) -> object:
    return entry.get(column) if isinstance(column, str) else column(entry)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
