"""A progress bar on standard error for whatever takes longer than a second."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from mantissa.entrypoints.cli.text import visible

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

PATIENCE = 1.0
"""Seconds after which a bar appears."""


class Progress:
    """Counts, rate and time left of one piece of work; draws nothing unless given a stream.

    Args:
        title: what is going on.
        total: how much there is to do, if known.
        unit: what is counted, in the plural.
        stream: the terminal to draw on; None draws nothing.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        title: str,
        total: float | None,
        unit: str,
        *,
        stream: TextIO | None,
        monotonic: Callable[[], float],
    ) -> None:
        self.done = 0.0
        self._title, self._total, self._unit = title, total, unit
        self._stream = stream
        self._monotonic = monotonic
        self._started = monotonic()
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def advance(self, amount: float = 1, *, title: str | None = None) -> None:
        """Count `amount` as done; `title` says what is being worked on now."""
        self.done += amount
        self._title = self._title if title is None else title
        if self._stream is None:
            return
        if self._bar is None and self._monotonic() - self._started >= PATIENCE:
            self._bar = self._draw(self._stream)
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task,
                completed=self.done,
                description=visible(self._title),
                rate=self._rate(),
            )

    def extend(self, total: float) -> None:
        """Set how much there is to do, once it is known."""
        self._total = total
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, total=total)

    def say(self, line: str) -> bool:
        """Print a line above the bar; False when there is none on the screen."""
        if self._bar is None:
            return False
        self._bar.console.print(line, markup=False, highlight=False, emoji=False)
        return True

    def _rate(self) -> str:
        seconds = self._monotonic() - self._started
        return f"{self.done / seconds:,.0f} {self._unit}/s" if seconds > 0 else ""

    def _draw(self, stream: TextIO) -> RichProgress:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bar

        bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeElapsedColumn() if self._total is None else TimeRemainingColumn(),
            console=Console(file=stream, highlight=False, emoji=False),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = bar.add_task(visible(self._title), total=self._total, rate=self._rate())
        bar.start()
        return bar
