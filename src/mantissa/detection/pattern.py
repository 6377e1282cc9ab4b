"""A Sigma string as a pattern: literal text with wildcards, ready for LIKE or for a regex.

Matching ignores case unless the rule says `cased`: the column is lowered by the engine and the
literal here if it holds only ASCII and signs without case, because engines and Python disagree on
some letters beyond; what holds more is lowered by the engine itself, which no list is folded for.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from sigma.types import Placeholder, SigmaCasedString, SigmaString, SpecialChars
from sqlglot import exp

ESCAPE = "!"
_META = frozenset("\\.+*?()|[]{}^$")


class Wild(Enum):
    """A wildcard: any text, or exactly one character."""

    MANY = "%"
    ONE = "_"


@dataclass(frozen=True)
class Pattern:
    """Literal pieces and wildcards that a whole text must match.

    Args:
        parts: text never follows text, and `MANY` never follows `MANY`.
        cased: whether case matters.
    """

    parts: tuple[str | Wild, ...]
    cased: bool = False

    @cached_property
    def is_exact(self) -> bool:
        """Whether it has no wildcard."""
        return not any(isinstance(part, Wild) for part in self.parts)

    @property
    def is_anything(self) -> bool:
        """Whether every text matches."""
        return self.parts == (Wild.MANY,)

    @property
    def text(self) -> str:
        """The literal of an exact pattern, in the case to compare with."""
        return self._cased("".join(self._literals))

    @property
    def contained(self) -> str | None:
        """The literal of a pattern that only asks whether a text holds it."""
        match self.parts:
            case (Wild.MANY, str() as text, Wild.MANY):
                return self._cased(text)
        return None

    @property
    def engine_lowers(self) -> bool:
        """Whether the literal must be lowered by the engine."""
        return not self.cased and not all(map(_is_settled, self._literals))

    @property
    def holds_nul(self) -> bool:
        """Whether the literal holds a NUL, which no SQL text may."""
        return any("\0" in part for part in self._literals)

    @property
    def asks_one(self) -> bool:
        """Whether it has a wildcard for exactly one character."""
        return Wild.ONE in self.parts

    @property
    def is_ascii(self) -> bool:
        """Whether the literal stays within ASCII, as a text without others does."""
        return all(part.isascii() for part in self._literals)

    @property
    def is_searched(self) -> bool:
        """Whether a text must be searched through, which takes longer than a look at its ends."""
        return self.parts[0] is Wild.MANY and len(self.parts) > 2

    @property
    def is_astral(self) -> bool:
        """Whether the literal holds a character beyond the 65,536 that UTF-16 writes as one."""
        return any(char > "\uffff" for part in self._literals for char in part)

    @property
    def regex(self) -> str:
        """An RE2 expression (to be searched, `.` matching newlines) with the same meaning."""
        parts = list(self.parts)
        head = tail = ""
        if parts and parts[0] is Wild.MANY:
            parts.pop(0)
        else:
            head = "^"
        if parts and parts[-1] is Wild.MANY:
            parts.pop()
        else:
            tail = "$"
        return head + "".join(self._regex_part(part) for part in parts) + tail

    def like(self) -> tuple[str, bool]:
        """Return the LIKE pattern, and whether it needs `ESCAPE '!'`."""
        escaped = any("%" in part or "_" in part for part in self._literals)
        return "".join(self._like_part(part, escaped) for part in self.parts), escaped

    @property
    def literals(self) -> list[str]:
        """The literal pieces, in the case to compare with."""
        return [self._cased(part) for part in self._literals]

    @property
    def _literals(self) -> list[str]:
        return [part for part in self.parts if not isinstance(part, Wild)]

    def _regex_part(self, part: str | Wild) -> str:
        if isinstance(part, Wild):
            return ".*" if part is Wild.MANY else "."
        return "".join("\\" + c if c in _META else c for c in self._cased(part))

    def _like_part(self, part: str | Wild, escaped: bool) -> str:
        if isinstance(part, Wild):
            return part.value
        text = self._cased(part)
        if escaped:
            for special in (ESCAPE, "%", "_"):
                text = text.replace(special, ESCAPE + special)
        return text

    def _cased(self, text: str) -> str:
        return text if self.cased or not _is_settled(text) else text.lower()


_CASELESS = frozenset(("Sc", "Sk", "Sm", "So", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps"))
_CASELESS |= {"Zs", "Nd", "Mn", "Me", "Cf"}


def _is_settled(text: str) -> bool:
    """Whether everybody lowers a text alike: beyond ASCII it holds no letters and nothing cased."""
    return text.isascii() or all(c.isascii() or _has_no_case(c) for c in text)


def _has_no_case(character: str) -> bool:
    return (
        unicodedata.category(character) in _CASELESS
        and character.lower() == character.upper() == character.casefold() == character
    )


def to_pattern(value: SigmaString) -> Pattern:
    """Translate a Sigma string without placeholders."""
    parts: list[str | Wild] = []
    for part in value.s:
        if isinstance(part, Placeholder):
            raise TypeError(f"placeholder {part.name} must be resolved first")
        piece: str | Wild = part if isinstance(part, str) else _WILD[part]
        last = parts[-1] if parts else None
        if isinstance(piece, str) and isinstance(last, str):
            parts[-1] = last + piece
        elif piece is not Wild.MANY or last is not Wild.MANY:
            parts.append(piece)
    return Pattern(tuple(parts), isinstance(value, SigmaCasedString))


_WILD = {SpecialChars.WILDCARD_MULTI: Wild.MANY, SpecialChars.WILDCARD_SINGLE: Wild.ONE}


def literal(text: str, *, engine_lowers: bool = False) -> exp.Expr:
    """Return a text literal; NUL, which no SQL text may hold, is spliced in with `chr(0)`."""
    pieces = [exp.Literal.string(piece) for piece in text.split("\0")]
    result: exp.Expr = pieces[0]
    for piece in pieces[1:]:
        nul = exp.Anonymous(this="CHR", expressions=[exp.Literal.number(0)])
        result = exp.Anonymous(this="CONCAT", expressions=[result, nul, piece])
    return exp.Lower(this=result) if engine_lowers else result


def like(subject: exp.Expr, pattern: Pattern) -> exp.Expr:
    """Compare a text, lowered unless the pattern is cased, with a pattern of any shape."""
    if pattern.is_anything:
        return exp.Not(this=exp.Is(this=subject, expression=exp.null()))
    if pattern.is_exact:
        right = literal(pattern.text, engine_lowers=pattern.engine_lowers)
        return exp.EQ(this=subject, expression=right)
    text, escaped = pattern.like()
    found: exp.Expr = exp.Like(
        this=subject, expression=literal(text, engine_lowers=pattern.engine_lowers)
    )
    return exp.Escape(this=found, expression=exp.Literal.string(ESCAPE)) if escaped else found
