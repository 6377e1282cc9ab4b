"""Rule files are hostile input: YAML is read with a cap on size, nesting and aliases.

A chain of aliases expands exponentially, deep nesting exhausts the parser's stack, and a key that
stands twice in one mapping silently loses the first: all three are refused with the line.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from mantissa.errors import RuleError

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_ALIASES = 100
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document of a file.

    Args:
        value: the document as plain values.
        line: where it starts in the file, from 1.
        text: its part of the file.
        keys: top-level key → its line in the file.
    """

    value: Any
    line: int
    text: str
    keys: dict[str, int]


class _UniqueLoader(_LOADER):  # type: ignore[misc, valid-type]
    """A safe loader that refuses a key given twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise _refused("a key must be a plain value", key_node)
            if key in seen:
                raise _refused(f"the key {key!r} stands twice in one mapping", key_node)
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def _refused(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


@lru_cache(maxsize=4096)
def read_documents(data: bytes, path: str) -> tuple[Document, ...]:
    """Read every YAML document of a file. Raises `RuleError` with the line.

    What was read is kept, since most files are as they were when rules are looked at again; nobody
    may change a document.
    """
    text = _decode(data, path)
    try:
        _check_shape(text, path)
        nodes = list(yaml.compose_all(text, Loader=_LOADER))
        values = _values(nodes)
    except yaml.MarkedYAMLError as error:
        raise _located(error, path) from error
    except (yaml.YAMLError, AttributeError, ValueError, OverflowError) as error:
        raise RuleError(f"is not readable YAML: {error}", file=path) from error
    pairs = zip(nodes, values, strict=True)
    return tuple(_document(node, value, text) for node, value in pairs if value is not None)


def _values(nodes: list[yaml.Node]) -> list[Any]:
    """Construct values of what is parsed already: rules with their tests are long."""
    loader = _UniqueLoader("")
    try:
        return [loader.construct_document(node) for node in nodes]
    finally:
        loader.dispose()


def _decode(data: bytes, path: str) -> str:
    if len(data) > MAX_BYTES:
        raise RuleError(
            f"the file has {len(data)} bytes, more than the {MAX_BYTES} allowed",
            file=path,
            fix="split it into one file per rule",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RuleError("the file is not UTF-8", file=path, line=line) from error


def _check_shape(text: str, path: str) -> None:
    depth = aliases = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        if depth > MAX_DEPTH or aliases > MAX_ALIASES:
            what = (
                f"is nested deeper than {MAX_DEPTH}"
                if depth > MAX_DEPTH
                else "has too many aliases"
            )
            line = event.start_mark.line + 1 if event.start_mark else None
            raise RuleError(f"the YAML {what}", file=path, line=line)


def _located(error: yaml.MarkedYAMLError, path: str) -> RuleError:
    line = error.problem_mark.line + 1 if error.problem_mark else None
    problem = error.problem or "is not readable YAML"
    return RuleError(f"is not valid YAML: {problem}", file=path, line=line)


def _document(node: yaml.Node, value: Any, text: str) -> Document:
    start, end = node.start_mark.index, node.end_mark.index
    keys = {}
    if isinstance(node, yaml.MappingNode):
        keys = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
    return Document(value, node.start_mark.line + 1, text[start:end], keys)
