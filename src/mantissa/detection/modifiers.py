"""Sigma's modifiers where pySigma 2.0 says less than the specification 2.1, or something else.

`utf16le` is missing there; text in UTF-16 is ASCII only; a regex with `startswith` is not bound to
the start; a reference to a field cannot be `cased`; `cidr` takes no placeholder; `\\%` does not
escape a placeholder; and what `cased` says is lost when another modifier follows. The order of
`cased` and `expand` means nothing, so that they are put where pySigma takes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sigma import modifiers as known
from sigma.exceptions import SigmaModifierError
from sigma.types import (
    Placeholder,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaFieldReference,
    SigmaRegularExpression,
    SigmaString,
    SigmaStringPartType,
)

_ALIASES = {"utf16le": "wide"}
_NEEDS_TEXT = ("base64", "base64offset", "wide", "utf16", "utf16be", "fieldref")
"""Modifiers of a value that must be known: none of them can follow a placeholder."""
_MARK = "\ufeff"
_NAME = re.compile(r"%(\w(?:[\w .-]*\w)?)%")
Modifiable = SigmaString | SigmaRegularExpression | SigmaFieldReference
_PIECE = re.compile(r"\\%|\\.|%\w(?:[\w .-]*\w)?%|[^\\%]+|.", re.DOTALL)


@dataclass
class CasedFieldReference(SigmaFieldReference):
    """A reference to a field whose text must be the same in case, too."""


class NetworkText(SigmaString):
    """A CIDR network whose placeholders are still to be replaced."""


class Utf16Text(SigmaString):
    """Text in UTF-16: its bytes for base64, and the characters that stand for them in a log."""

    def __init__(self, text: str = "", data: bytes = b"") -> None:
        super().__init__()
        self.s = [text] if text else []
        self._data = data

    def __bytes__(self) -> bytes:
        return self._data

    @property
    def is_searchable(self) -> bool:
        """Whether a log can be searched for it: bytes beyond ASCII are written in many ways."""
        texts = [part for part in self.s if isinstance(part, str)]
        return all(text.removeprefix(_MARK).isascii() for text in texts)


class Cased(known.SigmaCaseSensitiveModifier):
    """`cased`, for texts and for references to fields."""

    def modify(self, val: SigmaString | SigmaFieldReference) -> Any:
        """Return the value that minds case."""
        if isinstance(val, SigmaFieldReference):
            return CasedFieldReference(val.field, val.starts_with, val.ends_with)
        return SigmaCasedString.from_sigma_string(val)


class Contains(known.SigmaContainsModifier):
    """`contains`; a regex is searched anywhere as it is."""

    def modify(self, val: Modifiable) -> Any:
        """Return the value that may stand anywhere."""
        return val if isinstance(val, SigmaRegularExpression) else super().modify(val)


class StartsWith(known.SigmaStartswithModifier):
    """`startswith`, which binds a regex to the start of the text."""

    def modify(self, val: Modifiable) -> Any:
        """Return the value that stands at the start."""
        if isinstance(val, SigmaRegularExpression):
            return _bound(val, r"\A(?:", ")")
        return super().modify(val)


class EndsWith(known.SigmaEndswithModifier):
    """`endswith`, which binds a regex to the end of the text."""

    def modify(self, val: Modifiable) -> Any:
        """Return the value that stands at the end."""
        return (
            _bound(val, "(?:", r")\z")
            if isinstance(val, SigmaRegularExpression)
            else super().modify(val)
        )


def _bound(value: SigmaRegularExpression, head: str, tail: str) -> SigmaRegularExpression:
    parts = [*SigmaString(head, escape=False).s, *value.regexp.s, tail]
    value.regexp = SigmaString()
    value.regexp.s = parts
    value.compile()
    return value


class Network(known.SigmaCIDRModifier):
    """`cidr`, also of placeholders."""

    def modify(self, val: SigmaString) -> Any:
        """Return the network, or what will be one when its placeholders are replaced."""
        if not val.contains_placeholder():
            return SigmaCIDRExpression(str(val), source=self.source)
        text = NetworkText()
        text.s = val.s
        return text


class Expand(known.SigmaExpandModifier):
    """`expand`, with `\\%` for a percent sign."""

    def modify(self, val: SigmaString | SigmaRegularExpression) -> Any:
        """Return the value with its placeholders marked."""
        text = val.regexp if isinstance(val, SigmaRegularExpression) else val
        text.s = list(_parts(text.original, isinstance(val, SigmaRegularExpression)))
        return val


def _parts(text: str, is_regex: bool) -> Iterator[SigmaStringPartType]:
    """Yield literal text, wildcards and placeholders."""
    held = ""
    for piece in _PIECE.findall(text):
        name = _NAME.fullmatch(piece)
        if name is None and (is_regex or piece != r"\%"):
            held += piece
            continue
        yield from SigmaString(held, escape=not is_regex).s
        held = ""
        yield "%" if name is None else Placeholder(name[1])
    yield from SigmaString(held, escape=not is_regex).s


class Wide(known.SigmaWideModifier):
    """`wide`, that is `utf16le`, of any text."""

    def modify(self, val: SigmaString) -> SigmaString:
        """Return the text in UTF-16LE."""
        return _encoded(val, "utf-16le") or super().modify(val)


class Utf16(known.SigmaUTF16Modifier):
    """`utf16`, of any text."""

    def modify(self, val: SigmaString) -> SigmaString:
        """Return the text in UTF-16LE after a byte order mark."""
        return _encoded(val, "utf-16le", _MARK) or super().modify(val)


class Utf16BE(known.SigmaUTF16BEModifier):
    """`utf16be`, of any text."""

    def modify(self, val: SigmaString) -> SigmaString:
        """Return the text in UTF-16BE."""
        return _encoded(val, "utf-16be") or super().modify(val)


def _encoded(value: SigmaString, encoding: str, mark: str = "") -> Utf16Text | None:
    """Encode a text without wildcards; None leaves others to pySigma."""
    if len(value.s) != 1 or not isinstance(value.s[0], str):
        return None
    data = value.s[0].encode(encoding)
    shown = data.decode() if value.s[0].isascii() else value.s[0]
    return Utf16Text(mark + shown, mark.encode(encoding) + data)


_OURS: Mapping[str, type[known.SigmaModifier[Any, Any]]] = {
    "cased": Cased,
    "contains": Contains,
    "startswith": StartsWith,
    "endswith": EndsWith,
    "cidr": Network,
    "expand": Expand,
    "wide": Wide,
    "utf16": Utf16,
    "utf16be": Utf16BE,
}
known.modifier_mapping.update(_OURS)
known.reverse_modifier_mapping.update({cls.__name__: name for name, cls in _OURS.items()})


def spelt(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule or filter with the keys that pySigma takes. Raises `SigmaModifierError`."""
    return {k: _spelt(v) if k in ("detection", "filter") else v for k, v in document.items()}


def _spelt(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {_key(k) if isinstance(k, str) else k: _spelt(v) for k, v in part.items()}
    return [_spelt(item) for item in part] if isinstance(part, list) else part


def _key(key: str) -> str:
    field, *names = key.split("|")
    names = [_ALIASES.get(name, name) for name in names]
    if "expand" in names:
        _check_expand(key, names)
        names.remove("expand")
        names.insert(1 if names[:1] == ["re"] else 0, "expand")
    if "cased" in names:
        names = [name for name in names if name != "cased"] + ["cased"]
    return "|".join([field, *names])


def _check_expand(key: str, names: Sequence[str]) -> None:
    for name in names:
        if name in _NEEDS_TEXT:
            raise SigmaModifierError(f"{key!r}: {name} cannot be applied to placeholders")
