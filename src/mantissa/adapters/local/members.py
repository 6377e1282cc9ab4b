"""Members of archives, asked for one by one and read in one pass.

Finding a member means unpacking all that lies before it. Whoever asks for members in the archive's
order, a few times each, pays for one pass; another order works too, from the beginning again.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from mantissa.adapters.local.files import Stamp, open_file, stamp_of
from mantissa.errors import Conflict, ObjectNotFound
from mantissa.sources.archives import Content, Member, members
from mantissa.sources.record import Limits

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Loaded:
    """One member's content and what names it."""

    name: str
    content: Content
    identity: str
    size: int


class MemberReader:
    """Reads members of one archive after the other; keeps the last one at hand."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._held = ExitStack()
        self._walk: Iterator[Member] = iter(())
        self._place: tuple[Path, Stamp] | None = None
        self._current: Loaded | None = None
        self._described: dict[tuple[Path, str], str] = {}
        weakref.finalize(self, self._held.close)

    def describe(self, path: Path, name: str) -> tuple[str, int]:
        """Return a member's identity and size. Raises `ObjectNotFound`, `Conflict`."""
        with self._lock:
            found = self._find(path, name)
            self._described[path, name] = found.identity
            return found.identity, found.size

    def open(self, path: Path, name: str) -> BinaryIO:
        """Return a copy of a member's content, which is what was described."""
        with self._lock:
            found = self._find(path, name)
            if self._described.get((path, name), found.identity) != found.identity:
                raise Conflict("the archive changed while it was read", where=f"{path}!{name}")
            return cast(BinaryIO, _copy(found.content))

    def _find(self, path: Path, name: str) -> Loaded:
        place = (path, stamp_of(path, str(path)))
        if place != self._place:
            self._restart(place)
        if self._current is not None and self._current.name == name:
            return self._current
        found = self._ahead(name) or self._from_start(place, name)
        if stamp_of(path, str(path)) != place[1]:
            self._place = None
            raise Conflict("the archive changed while it was read", where=f"{path}!{name}")
        return found

    def _from_start(self, place: tuple[Path, Stamp], name: str) -> Loaded:
        self._restart(place)
        found = self._ahead(name)
        if found is None:
            raise ObjectNotFound(f"no member {name} in this archive", where=str(place[0]))
        return found

    def _ahead(self, name: str) -> Loaded | None:
        """Go on to a member, or to the end."""
        for member in self._walk:
            content = cast(Content, member.stream)
            if member.name != name:
                content.close()
                continue
            self._hold(_loaded(name, content))
            return self._current
        return None

    def _hold(self, loaded: Loaded) -> None:
        """Keep one member at hand in place of the one before."""
        if self._current is not None:
            self._current.content.close()
        self._current = loaded
        self._held.callback(loaded.content.close)

    def _restart(self, place: tuple[Path, Stamp]) -> None:
        self._held.close()
        self._place, self._current = place, None
        stream = self._held.enter_context(open_file(place[0], str(place[0])))
        self._walk = members(stream, place[0].name, self._limits)


def _loaded(name: str, content: Content) -> Loaded:
    digest, size = hashlib.sha256(), 0
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return Loaded(name, content, digest.hexdigest(), size)


def _copy(content: Content) -> Content:
    """Return content of its own to whoever will close it."""
    copy = Content()
    content.seek(0)
    while chunk := content.read(_CHUNK):
        copy.write(chunk)
    copy.seek(0)
    copy.fault, copy.refused = content.fault, content.refused
    return copy
