"""How a correlation finds the rules that it refers to, by id or by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from uuid import UUID

from sigma.filters import SigmaFilter

from mantissa.detection.entry import Entry
from mantissa.detection.rule import Rule


class Unknown(Exception):
    """A reference leads nowhere; the text says why."""


@dataclass(slots=True)
class Book:
    """Every rule and correlation that was read, so that a reference finds it or says why not.

    Args:
        entries: what was read, the refused included.
        rules: id → the rule that has it.
        own: files whose rules go before others of the same name.
    """

    entries: Sequence[Entry]
    rules: Mapping[str, Rule]
    own: frozenset[str] = frozenset()
    _names: dict[str, list[Entry]] = field(default_factory=dict)
    _ids: dict[str, list[Entry]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.entries:
            if isinstance(entry.item, SigmaFilter):
                continue
            if isinstance(entry.item.name, str):
                self._names.setdefault(entry.item.name, []).append(entry)
            if entry.id:
                self._ids.setdefault(entry.id, []).append(entry)

    def find(self, reference: str, path: str) -> str:
        """Return the id that a reference in a file means. Raises `Unknown`."""
        as_id = _as_id(reference)
        if as_id in self._ids:
            return as_id
        called = self._names.get(reference, [])
        for near in (
            [e for e in called if e.path == path],
            [e for e in called if e.path in self.own],
            called,
        ):
            if near:
                return _only(reference, near)
        raise Unknown(f"there is no rule {reference!r}{self._hint(reference)}")

    def why_refused(self, rule_id: str) -> str:
        """Return why the rule of an id cannot run; empty when nothing is known against it."""
        reasons = [entry.reason for entry in self._ids.get(rule_id, ()) if entry.reason]
        return reasons[0] if reasons else ""

    def _hint(self, reference: str) -> str:
        known: Iterable[str] = self._ids if _looks_like_id(reference) else self._names
        near = get_close_matches(reference, list(known), 1)
        return f"; did you mean {near[0]!r}?" if near else ""


def _only(reference: str, called: Sequence[Entry]) -> str:
    ids = {entry.id for entry in called}
    if len(ids) > 1:
        places = sorted(f"{e.path}:{e.document.line}" for e in called)
        raise Unknown(f"several rules are called {reference!r}: {', '.join(places)}")
    (found,) = ids
    if not found:
        raise Unknown(f"the rule {reference!r} was refused: {called[0].reason}")
    return found


def _as_id(reference: str) -> str:
    try:
        return str(UUID(reference))
    except ValueError:
        return reference


def _looks_like_id(reference: str) -> bool:
    return len(reference) > 24 and reference.count("-") >= 3
