"""Which function a call means: the tables read once, and overloads chosen as Trino does."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mantissa.ask.trino import table_aggregate, table_scalar
from mantissa.ask.trino.kinds import (
    UNKNOWN,
    Kind,
    array,
    common,
    mapping,
    read_kind,
    row,
    timestamp,
    zoned,
)
from mantissa.errors import GuardRefused

Env = dict[str, Kind]
"""What a signature's variables stand for."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One line of a table.

    Args:
        arguments: patterns; the last one repeats if `variadic`.
        result: a pattern, `#n` for the type of an argument, or `@name` of a rule.
        render: a template of DuckDB's SQL, or `@name` of a function in `special`.
        exact: whether both engines give the same bits.
        group: `scalar`, `aggregate` or `window`.
    """

    name: str
    arguments: tuple[str, ...]
    variadic: bool
    result: str
    render: str
    exact: bool
    group: str

    def patterns(self, count: int) -> tuple[str, ...] | None:
        """Return a pattern for each of so many arguments, or None if they are too few or many."""
        if not self.variadic:
            return self.arguments if len(self.arguments) == count else None
        if count < len(self.arguments):
            return None
        return (*self.arguments, *([self.arguments[-1]] * (count - len(self.arguments))))


@lru_cache(maxsize=1)
def signatures() -> Mapping[str, tuple[Signature, ...]]:
    """Return every function's overloads."""
    found: dict[str, list[Signature]] = {}
    for group, texts in (
        (
            "scalar",
            (table_scalar.TEXT, table_scalar.NUMBERS, table_scalar.TIMES, table_scalar.LISTS),
        ),
        ("aggregate", (table_aggregate.AGGREGATES,)),
        ("window", (table_aggregate.WINDOWS,)),
    ):
        for line in "\n".join(texts).splitlines():
            if line.strip():
                made = _signature(line, group)
                found.setdefault(made.name, []).append(made)
    return {name: tuple(overloads) for name, overloads in found.items()}


def _signature(line: str, group: str) -> Signature:
    name, arguments, result, render = (part.strip() for part in line.split("|", 3))
    patterns = split(arguments)
    variadic = bool(patterns) and patterns[-1].endswith("...")
    if variadic:
        patterns[-1] = patterns[-1].removesuffix("...")
    exact = not result.startswith("!")
    return Signature(name, tuple(patterns), variadic, result.lstrip("!"), render, exact, group)


def split(text: str) -> list[str]:
    """Split at the commas that stand in no brackets."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [part for part in (*parts, text[start:].strip()) if part]


def is_lambda(pattern: str) -> bool:
    """Tell whether an argument is a lambda."""
    return "->" in pattern


def lambda_parts(pattern: str) -> tuple[list[str], str]:
    """Return a lambda's parameters and its result."""
    parameters, _, result = pattern.partition("->")
    return split(parameters.strip()[1:-1]), result.strip()


@lru_cache(maxsize=1)
def _refused() -> Mapping[str, str]:
    lines = [line.split(" | ", 1) for line in table_aggregate.REFUSED.splitlines() if line]
    return {name: reason for names, reason in lines for name in names.split()}


@lru_cache(maxsize=1)
def _elsewhere() -> Mapping[str, str]:
    lines = [line.split(" | ", 1) for line in table_aggregate.ELSEWHERE.splitlines() if line]
    return {name: fix for names, fix in lines for name in names.split()}


def overloads(name: str) -> tuple[Signature, ...]:
    """Return a function's signatures. Raises `GuardRefused` (code `function`)."""
    found = signatures().get(name)
    if found is not None:
        return found
    message, fix = f"function {name} is not allowed", None
    if name in _refused():
        message = f"function {name} is not allowed: {_refused()[name]}"
    elif name in _elsewhere():
        fix = f"in Trino: {_elsewhere()[name]}"
    else:
        near = difflib.get_close_matches(name, signatures(), n=3)
        fix = f"did you mean {', '.join(near)}?" if near else None
    raise GuardRefused(message, code="function", fix=fix or "docs/reference/sql.md lists them")


def choose(name: str, kinds: Sequence[Kind | None]) -> tuple[Signature, Env]:
    """Return the overload for these arguments; a lambda's kind is None.

    Raises `GuardRefused` with code `function` for a name, `type` for arguments.
    """
    candidates = overloads(name)
    for exactly in (True, False):
        for candidate in candidates:
            patterns = candidate.patterns(len(kinds))
            if patterns is None:
                continue
            env: Env = {}
            pairs = list(zip(patterns, kinds, strict=True))
            if all(_fits(p, k, env, exactly) for p, k in pairs):
                return candidate, env
    given = ", ".join("lambda" if kind is None else str(kind) for kind in kinds)
    wanted = "; ".join(f"{name}({', '.join(c.arguments)})" for c in candidates[:4])
    raise GuardRefused(f"{name}({given}) is no call of it", code="type", fix=f"it is {wanted}")


def _fits(pattern: str, kind: Kind | None, env: Env, exactly: bool) -> bool:
    if kind is None or is_lambda(pattern):
        return kind is None and is_lambda(pattern)
    return binds(pattern, kind, env, exactly)


def binds(pattern: str, kind: Kind, env: Env, exactly: bool = False) -> bool:
    """Tell whether a type fits a pattern, and note what its variables stand for."""
    if re.fullmatch("[A-Z]", pattern):
        bound = env.get(pattern)
        if bound is None:
            env[pattern] = kind
            return True
        both = common(bound, kind)
        if both is None or (exactly and bound != kind):
            return False
        env[pattern] = both
        return True
    head, _, rest = pattern.partition("(")
    if head in ("array", "map"):
        if kind == UNKNOWN and not exactly:
            return all(binds(p, UNKNOWN, env) for p in split(rest[:-1]))
        inner = zip(split(rest[:-1]), kind.inner, strict=False)
        return kind.name == head and all(binds(p, k, env, exactly) for p, k in inner)
    return _is_kind(head, pattern, kind, exactly)


_COERCED = {
    "decimal": ("integer", "bigint"),
    "timestamp": ("date",),
    "timestamptz": ("date", "timestamp"),
}


def _is_kind(head: str, pattern: str, kind: Kind, exactly: bool) -> bool:
    if kind.name == head:
        return True
    if exactly:
        return False
    if kind == UNKNOWN:
        return True
    if head in _COERCED:
        return kind.name in _COERCED[head]
    wanted = Kind(head) if head.startswith("interval_") else read_kind(pattern)
    found = common(kind, wanted)
    return found is not None and found.name == wanted.name


def wanted(pattern: str, kind: Kind, env: Env) -> Kind:
    """Return the type that an argument must be brought to."""
    if pattern == "timestamp":
        return kind if kind.name == "timestamp" else timestamp(0)
    if pattern == "timestamptz":
        if kind.name == "timestamptz":
            return kind
        return zoned(kind.size[0] if kind.size else 0, "UTC")
    if pattern == "decimal":
        return common(kind, read_kind("decimal(1,0)")) or kind
    return result_kind(pattern, env, ())


def result_kind(pattern: str, env: Env, kinds: Sequence[Kind]) -> Kind:
    """Return the type that a pattern stands for."""
    if pattern.startswith("#"):
        return kinds[int(pattern[1:]) - 1]
    if re.fullmatch("[A-Z]", pattern):
        return env.get(pattern, UNKNOWN)
    head, _, rest = pattern.partition("(")
    if head == "array":
        return array(result_kind(rest[:-1], env, kinds))
    if head == "map":
        key, value = (result_kind(p, env, kinds) for p in split(rest[:-1]))
        return mapping(key, value)
    if head.startswith("interval_"):
        return Kind(head)
    if head == "row":
        inner = tuple(result_kind(p, env, kinds) for p in split(rest[:-1]))
        return row(("",) * len(inner), inner)
    if head == "timestamptz":
        return zoned(int(rest[:-1]), "UTC")
    return read_kind(pattern)
