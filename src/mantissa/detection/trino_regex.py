r"""RE2 expressions as Trino's regular expressions with the same meaning.

Trino (and Athena) searches with Joni in Java's syntax. It differs from RE2 without a word, as
measured on Trino 476 against DuckDB 2.0: `$` also matches before a last line break, `\b` and
`[[:alpha:]]` know all of Unicode, `\s` holds the vertical tab, `[` opens a class within a class,
`&&` in a class intersects, `\xe9` is a byte, `(?P<x>…)` is an error. What is left different is
case folding of characters that fold to two (`ß` and `ss`), and `\C`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORD = "[0-9A-Za-z_]"
_EDGE = f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"
_NO_EDGE = f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))"
_BLANKS = r"\t\n\f\r "
_END = r"\z"
_LINE_START = r"(?:\A|(?<=\n))"
_LINE_END = r"(?=\n|\z)"
_OUTSIDE: Mapping[str, str] = {
    "b": _EDGE,
    "B": _NO_EDGE,
    "s": f"[{_BLANKS}]",
    "S": f"[^{_BLANKS}]",
}
_INSIDE: Mapping[str, str] = {"s": _BLANKS, "S": f"[^{_BLANKS}]"}
_POSIX: Mapping[str, str] = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7F",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\x0B\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_PIECE = re.compile(
    r"""
    \\Q(?P<quoted>.*?)(?:\\E|$)
    |\\x(?P<byte>[89A-Fa-f][0-9A-Fa-f])
    |\\(?P<escape>.)
    |\[:(?P<negated>\^?)(?P<posix>[a-z]+):\]
    |\(\?P<(?P<name>\w+)>
    |\(\?(?P<flags>[a-zA-Z-]+)(?P<close>[:)])
    |(?P<open>\[\^?\]?)
    |(?P<one>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class _Porter:
    """Goes through an expression once, knowing whether it is inside a class."""

    def __init__(self) -> None:
        self._in_class = False
        self._by_line = False

    def port(self, piece: re.Match[str]) -> str:
        """Return what stands for one piece of the expression."""
        if piece["quoted"] is not None:
            return re.escape(piece["quoted"])
        if piece["byte"]:
            return rf"\x{{{piece['byte']}}}"
        if piece["escape"]:
            known = _INSIDE if self._in_class else _OUTSIDE
            return known.get(piece["escape"], piece[0])
        return self._in(piece) if self._in_class else self._out(piece)

    def _out(self, piece: re.Match[str]) -> str:
        if piece["name"]:
            return f"(?<{piece['name']}>"
        if piece["flags"]:
            self._by_line = self._by_line or "m" in piece["flags"].partition("-")[0]
        elif piece["open"]:
            self._in_class = True
            return piece[0].replace("]", r"\]")
        elif piece["posix"]:
            return piece[0]
        elif piece["one"] == "$":
            return _LINE_END if self._by_line else _END
        elif piece["one"] == "^" and self._by_line:
            return _LINE_START
        return piece[0]

    def _in(self, piece: re.Match[str]) -> str:
        members = _POSIX.get(piece["posix"] or "")
        if members:
            return f"[^{members}]" if piece["negated"] else members
        if piece["one"] == "]":
            self._in_class = False
            return "]"
        if piece["open"]:
            return self._opening(piece[0])
        return piece[0].replace("&", r"\&").replace("[", r"\[")

    def _opening(self, text: str) -> str:
        """Read `[`, which is a character inside a class, and what was taken along with it."""
        if text.endswith("]"):
            self._in_class = False
        return text.replace("[", r"\[")


def ported(expression: str) -> str:
    """Return an RE2 expression as Trino takes it."""
    porter = _Porter()
    return "".join(porter.port(piece) for piece in _PIECE.finditer(expression))
