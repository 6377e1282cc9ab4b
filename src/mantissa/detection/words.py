"""A rule's condition in plain words: what a record must be like for the rule to fire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

MANY = SpecialChars.WILDCARD_MULTI
SHOWN = 12
"""Values of one list that are written out for people."""
_COMPARED = {"LT": "is below", "LTE": "is at most", "GT": "is above", "GTE": "is at least"}
_OPPOSITES = {
    "is": "is not",
    "is present": "is absent",
    "is absent": "is present",
    "is in the network": "is not in the network",
    "is like": "is not like",
    "is below": "is not below",
    "is at most": "is not at most",
    "is above": "is not above",
    "is at least": "is not at least",
    "has any text": "has no text",
    "contains": "does not contain",
    "begins with": "does not begin with",
    "ends with": "does not end with",
    "matches the expression": "does not match the expression",
    "equals the field": "does not equal the field",
    "begins with the field": "does not begin with the field",
    "ends with the field": "does not end with the field",
    "contains the field": "does not contain the field",
}


@dataclass(frozen=True, slots=True)
class Say:
    """One thing said about one field.

    Args:
        field: empty for the record's whole text.
        every: whether all the values must hold, or any one.
        cased: whether upper and lower case differ.
    """

    field: str
    verb: str
    values: tuple[str, ...] = ()
    every: bool = False
    cased: bool = False
    negated: bool = False

    def __str__(self) -> str:
        return self.text(SHOWN)

    def text(self, most: int) -> str:
        """Return it as words, with at most that many of its values."""
        subject = self.field or "the record's text"
        verb = _opposite(self.verb) if self.negated else self.verb
        shown = list(self.values[:most])
        if len(self.values) > most:
            shown.append(f"… ({len(self.values) - most} more)")
        listed = f" {self._quantifier()}{', '.join(shown)}" if shown else ""
        return f"{subject} {verb}{listed}{' (case matters)' if self.cased else ''}"

    def _quantifier(self) -> str:
        if len(self.values) < 2:
            return ""
        if self.every:
            return "all of: "
        return "any of: " if self.negated else "one of: "

    def to_json(self) -> dict[str, Any]:
        """Return it with all its values."""
        return {
            "field": self.field,
            "test": self.verb,
            "values": list(self.values),
            "every": self.every,
            "cased": self.cased,
            "not": self.negated,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Several things said together: all of them, any of them, or not what its one member says."""

    kind: Literal["all", "any", "not"]
    members: tuple[Say | Group, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it with all its members."""
        return {self.kind: [member.to_json() for member in self.members]}


Words = Say | Group
_HEADS = {"all": "all of these hold:", "any": "one of these holds:", "not": "this does not hold:"}


def say_conditions(trees: Sequence[Any]) -> Words:
    """Put parsed conditions, any of which makes a rule fire, into words."""
    return _group("any", [say(tree) for tree in trees])


def say(tree: Any) -> Words:
    """Put one parsed condition into words."""
    if isinstance(tree, ConditionNOT):
        return _negated(say(tree.args[0]))
    if isinstance(tree, ConditionAND):
        return _group("all", [say(arg) for arg in tree.args])
    if isinstance(tree, ConditionOR):
        return _group("any", [say(arg) for arg in tree.args])
    if isinstance(tree, ConditionFieldEqualsValueExpression):
        return _test(tree.field, tree.value)
    if isinstance(tree, ConditionValueExpression):
        return _keyword(tree.value)
    raise TypeError(type(tree).__name__)


def lines(words: Words, most: int = SHOWN, indent: str = "") -> Iterator[str]:
    """Yield words as lines for people, what belongs together indented."""
    if isinstance(words, Say):
        yield f"{indent}- {words.text(most)}"
        return
    yield f"{indent}- {_HEADS[words.kind]}"
    for member in words.members:
        yield from lines(member, most, indent + "  ")


def _group(kind: Literal["all", "any"], members: Iterable[Words]) -> Words:
    flat: list[Words] = []
    for member in members:
        same = isinstance(member, Group) and member.kind == kind
        flat += member.members if same and isinstance(member, Group) else [member]
    merged = _merged(kind, flat)
    return merged[0] if len(merged) == 1 else Group(kind, tuple(merged))


def _merged(kind: Literal["all", "any"], members: Sequence[Words]) -> list[Words]:
    """Say what is asked of one field in one way once, with all the values."""
    found: dict[object, int] = {}
    merged: list[Words] = []
    for member in members:
        if isinstance(member, Group) or not _can_join(member, kind):
            merged.append(member)
            continue
        key = (member.field, member.verb, member.cased, member.negated)
        place = found.setdefault(key, len(merged))
        if place == len(merged):
            merged.append(member)
        else:
            merged[place] = _joined(merged[place], member, kind)
    return merged


def _can_join(member: Say, kind: str) -> bool:
    """Tell whether more values can be added: `not any of` is what `all` means once negated."""
    if not member.values:
        return False
    return len(member.values) == 1 or member.every == _every(kind, negated=member.negated)


def _joined(first: Words, second: Say, kind: str) -> Say:
    assert isinstance(first, Say)
    values = tuple(dict.fromkeys((*first.values, *second.values)))
    return replace(first, values=values, every=_every(kind, negated=first.negated))


def _every(kind: str, *, negated: bool) -> bool:
    return (kind == "all") != negated


def _negated(words: Words) -> Words:
    if isinstance(words, Say):
        return replace(words, negated=not words.negated)
    if words.kind == "not":
        return words.members[0]
    return Group("not", (words,))


def _opposite(verb: str) -> str:
    return _OPPOSITES.get(verb, f"not: {verb}")


def _test(field: str, value: SigmaType) -> Words:
    if isinstance(value, SigmaExpansion):
        return _group("any", [_test(field, member) for member in value.values])
    if isinstance(value, SigmaString):
        return _string(field, value)
    return _other(field, value)


def _keyword(value: SigmaType) -> Words:
    """Say what is searched for in the whole record; wildcards around it add nothing."""
    said = _test("", value)
    if isinstance(said, Say) and said.verb in ("is", "begins with", "ends with"):
        return replace(said, verb="contains")
    return said


def _string(field: str, value: SigmaString) -> Say:
    parts = list(value.s)
    head = bool(parts) and parts[0] is MANY
    tail = len(parts) > 1 and parts[-1] is MANY
    inner = parts[head : len(parts) - tail]
    cased = isinstance(value, SigmaCasedString)
    if parts == [MANY]:
        return Say(field, "has any text")
    if any(isinstance(part, SpecialChars) for part in inner):
        return Say(field, "is like", (_quoted(parts),), cased=cased)
    verb = {(0, 0): "is", (0, 1): "begins with", (1, 0): "ends with", (1, 1): "contains"}
    return Say(field, verb[head, tail], (_quoted(inner),), cased=cased)


def _quoted(parts: Sequence[Any]) -> str:
    shown = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
    texts = (
        shown[p]
        if isinstance(p, SpecialChars)
        else f"%{p.name}%"
        if isinstance(p, Placeholder)
        else str(p)
        for p in parts
    )
    return f'"{"".join(texts)}"'


def _other(field: str, value: SigmaType) -> Words:
    match value:
        case SigmaTimestampPart():
            part = value.timestamp_part.name.lower()
            return Say(f"the {part} of {field}", "is", (str(value.number),))
        case SigmaNumber():
            return Say(field, "is", (str(value.number),))
        case SigmaBool():
            return Say(field, "is", (str(value.boolean).lower(),))
        case SigmaNull():
            return Say(field, "is absent")
        case SigmaExists():
            return Say(field, "is present" if value.exists else "is absent")
        case SigmaCIDRExpression():
            return Say(field, "is in the network", (value.cidr,))
        case SigmaRegularExpression():
            flags = "".join(sorted(flag.name[0].lower() for flag in value.flags))
            text = f"/{value.regexp.to_plain()}/{flags}"
            return Say(field, "matches the expression", (text,))
        case SigmaCompareExpression():
            return _compared(field, value)
        case SigmaFieldReference():
            return Say(field, _reference(value), (value.field,))
    return Say(field, f"passes the test {type(value).__name__}", (str(value),))


def _compared(field: str, value: SigmaCompareExpression) -> Say:
    number = str(value.number.number)
    if value.op.name == "NEQ":
        return Say(field, "is", (number,), negated=True)
    return Say(field, _COMPARED[value.op.name], (number,))


def _reference(value: SigmaFieldReference) -> str:
    names = {
        (False, False): "equals the field",
        (True, False): "begins with the field",
        (False, True): "ends with the field",
        (True, True): "contains the field",
    }
    return names[value.starts_with, value.ends_with]
