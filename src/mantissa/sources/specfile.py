"""Reading `source.yaml` so that every complaint names its file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import TypeVar

import yaml

from mantissa.errors import SourceError

T = TypeVar("T")

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def nearest(word: str, known: Iterable[str], limit: int = 1) -> list[str]:
    """Return the known words most like `word`, whatever their case, best first."""
    by_fold: dict[str, str] = {}
    for name in known:
        by_fold.setdefault(name.lower(), name)
    close = get_close_matches(word.lower(), by_fold, n=limit, cutoff=0.6)
    return [by_fold[fold] for fold in close]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean X?`, or the known words if none is close."""
    names = list(known)
    close = nearest(word, names)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(sorted(names)[:20])}"


class Entry:
    """One YAML node with its place; its readers raise `SourceError` at that place."""

    def __init__(self, file: str, node: yaml.Node, label: str) -> None:
        self.file = file
        self.node = node
        self.label = label

    @property
    def line(self) -> int:
        """Line of the node, from 1."""
        return int(self.node.start_mark.line) + 1

    def error(self, message: str, fix: str | None = None) -> SourceError:
        """Make an error at this place."""
        return SourceError(f"{self.label}: {message}", file=self.file, line=self.line, fix=fix)

    @property
    def is_mapping(self) -> bool:
        """Whether it is a YAML mapping."""
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """Whether it is a YAML sequence."""
        return isinstance(self.node, yaml.SequenceNode)

    def text(self) -> str:
        """Return a scalar as the text that was written."""
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.error("expected one value", "write a single word or quoted text")
        return str(self.node.value)

    def number(self) -> int:
        """Return a whole number."""
        try:
            return int(self.text())
        except ValueError:
            raise self.error(f"expected a whole number, found {self.text()!r}") from None

    def flag(self) -> bool:
        """Return true or false."""
        if self.text().lower() not in ("true", "false"):
            raise self.error(f"expected true or false, found {self.text()!r}")
        return self.text().lower() == "true"

    def items(self) -> list[Entry]:
        """Return a sequence's entries; a single value counts as a list of one."""
        if isinstance(self.node, yaml.SequenceNode):
            return [
                Entry(self.file, n, f"{self.label}[{i}]") for i, n in enumerate(self.node.value)
            ]
        return [self]

    def texts(self) -> tuple[str, ...]:
        """Return a sequence of scalars, or one scalar as a list of one."""
        return tuple(item.text() for item in self.items())

    def one_of(self, allowed: Iterable[str]) -> str:
        """Return a word out of a closed list."""
        words = list(allowed)
        if self.text() not in words:
            raise self.error(f"unknown value {self.text()!r}", did_you_mean(self.text(), words))
        return self.text()

    def pairs(self) -> Iterator[tuple[Entry, Entry]]:
        """Yield a mapping's keys and values in order. Keys given twice are an error."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error("expected a mapping of names to values")
        seen: set[str] = set()
        for key_node, value_node in self.node.value:
            key = Entry(self.file, key_node, self.label)
            name = key.text()
            if name in seen:
                raise key.error(f"{name!r} is given twice", "keep one of the two")
            seen.add(name)
            yield key, Entry(self.file, value_node, f"{self.label}.{name}".lstrip("."))

    def section(self, known: Iterable[str]) -> Section:
        """Read a mapping whose keys are from a closed list."""
        names = list(known)
        found: dict[str, Entry] = {}
        for key, value in self.pairs():
            if key.text() not in names:
                raise key.error(f"unknown key {key.text()!r}", did_you_mean(key.text(), names))
            found[key.text()] = value
        return Section(self, found)


class Section:
    """A mapping node with known keys."""

    def __init__(self, entry: Entry, found: dict[str, Entry]) -> None:
        self.entry = entry
        self.found = found

    def get(self, key: str) -> Entry | None:
        """Return the value under a key, if it is there."""
        return self.found.get(key)

    def need(self, key: str) -> Entry:
        """Return the value under a key. Raises `SourceError` when it is missing."""
        if key not in self.found:
            raise self.entry.error(f"{key!r} is missing", f"add `{key}:`")
        return self.found[key]

    def read(self, key: str, reader: Callable[[Entry], T], default: T) -> T:
        """Return a value through its reader, or the default when the key is absent."""
        entry = self.found.get(key)
        return default if entry is None else reader(entry)

    def each(self, key: str, reader: Callable[[Entry], T]) -> tuple[T, ...]:
        """Return a list's entries through a reader; none when the key is absent."""
        entry = self.found.get(key)
        return () if entry is None else tuple(reader(item) for item in entry.items())

    def table(self, key: str) -> list[tuple[Entry, Entry]]:
        """Return a mapping's keys and values; none when the key is absent."""
        entry = self.found.get(key)
        return [] if entry is None else list(entry.pairs())


def parse(text: str, file: str) -> Entry:
    """Parse one YAML document. Raises `SourceError` with the line of a syntax error."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise SourceError(f"not YAML: {error.problem}", file=file, line=line) from error
    except yaml.YAMLError as error:
        raise SourceError(f"not YAML: {error}", file=file) from error
    if node is None:
        raise SourceError("the file is empty", file=file, line=1)
    return Entry(file, node, "")
