"""How far back health looks, from the settings: for `rules list` and both kinds of `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mantissa.bootstrap.app import App
    from mantissa.detection.vitals import Books
    from mantissa.model import Check
    from mantissa.ports import Clock, StateStore


def books_of(app: App, state: StateStore | None = None, clock: Clock | None = None) -> Books:
    """Read what the lake's books and detection's journal say of the product's rules."""
    from mantissa.detection.vitals import Look, open_books

    given = app.settings.detection
    back, silence = timedelta(seconds=given.look_back), timedelta(seconds=given.silent_after)
    look = Look((clock or app.clock).now(), back, silence)
    return open_books(state or app.state, app.prepared, look)


def detection_checks(
    app: App, state: StateStore | None = None, clock: Clock | None = None
) -> Iterator[Check]:
    """Look at what rules need and at what sources bring."""
    from mantissa.detection.checkup import checkup

    yield from checkup(app.prepared, books_of(app, state, clock))
