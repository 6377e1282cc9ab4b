r"""An RE2 expression in pieces, each with its repetition, and what a search can do without.

`(?i).*(.){200,}` is flags, one character any number of times, then a group of one character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_PIECE = re.compile(
    r"""
    (?:
        (?P<text>\\Q.*?(?:\\E|\Z))
        | (?P<edge>[$^]|\\[bBAz])
        | (?P<one>
            \\x\{[^}]*\} | \\x[0-9A-Fa-f]{2} | \\[pP]\{[^}]*\} | \\[0-7]{3} | \\.
            | \[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]
        )
        | (?P<flags>\(\?[a-zA-Z-]+\))
        | (?P<open>\((?:\?(?:P?<\w+>|[a-zA-Z-]*:))?)
        | (?P<close>\))
        | (?P<either>\|)
        | (?P<char>.)
    )
    (?P<repeated>(?:[*+?]|\{\d+(?:,\d*)?\})\??)?
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = ("text", "edge", "flags", "open", "close", "either")


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of an expression.

    Args:
        kind: `one` for what stands for a single character, `text` for a quoted text, `edge` for a
            place between characters; `flags`, `open`, `close`, `either`.
        repeated: its repetition as it is written.
    """

    kind: str
    text: str
    repeated: str = ""

    @property
    def least(self) -> int:
        """Fewest repetitions."""
        return _bounds(self.repeated)[0]

    @property
    def is_endless(self) -> bool:
        """Whether it may be repeated without end."""
        return _bounds(self.repeated)[1] is None


def _bounds(repeated: str) -> tuple[int, int | None]:
    match repeated[:1]:
        case "":
            return 1, 1
        case "*":
            return 0, None
        case "+":
            return 1, None
        case "?":
            return 0, 1
    least, comma, most = repeated.rstrip("?")[1:-1].partition(",")
    return int(least), (int(most) if most else None) if comma else int(least)


def tokens(expression: str) -> Iterator[Token]:
    """Take an RE2 expression to pieces; together they are the expression again."""
    for piece in _PIECE.finditer(expression):
        kind = next((kind for kind in _KINDS if piece[kind]), "one")
        repeated = piece["repeated"] or ""
        yield Token(kind, piece[0].removesuffix(repeated), repeated)


def trimmed(expression: str) -> str:
    """Return a shorter expression that is found in the same texts.

    A group of one character is that character; at either end one repetition does, or none. Counted
    repetitions stay: Trino writes `.{200}` out, and `.{200,}` is faster.
    """
    pieces = _ungrouped(list(tokens(expression)))
    first = next((n for n, t in enumerate(pieces) if t.kind != "flags"), len(pieces))
    pieces[first:] = reversed(_end_trimmed(list(reversed(_end_trimmed(pieces[first:])))))
    return "".join(token.text + token.repeated for token in pieces)


def _ungrouped(pieces: list[Token]) -> list[Token]:
    found: list[Token] = []
    for token in pieces:
        match found[-2:]:
            case [
                Token(kind="open", text="(" | "(?:"),
                Token(kind="one", repeated="") as inner,
            ] if token.kind == "close":
                found[-2:] = [replace(inner, repeated=token.repeated)]
            case _:
                found.append(token)
    return found


def _end_trimmed(pieces: Sequence[Token]) -> list[Token]:
    """Shorten the end, as long as something stays before it in its branch."""
    kept = list(pieces)
    while len(kept) > 1 and kept[-1].kind == "one" and kept[-1].least == 0:
        if kept[-2].kind in ("either", "open", "close", "flags"):
            return kept
        kept.pop()
    if kept and kept[-1].kind == "one" and kept[-1].least == 1:
        kept[-1] = replace(kept[-1], repeated="")
    return kept
