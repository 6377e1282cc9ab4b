"""Regular expressions that mean the same to Trino (Joni, Java's syntax) and to DuckDB (RE2).

A pattern is read word by word and written anew for RE2; what only one of them has is refused. `\\w`,
`\\d`, `\\s` and `\\b` are ASCII on both. `$` also holds before a line break at the end in Trino.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mantissa.errors import GuardRefused

MAX_REPEATS = 1000
"""RE2 refuses more."""

_CLASSES = frozenset("dDwWS")
_CONTROLS = {"t": r"\t", "n": r"\n", "r": r"\r", "f": r"\f", "a": r"\x07", "e": r"\x1b"}
_CATEGORY = re.compile(r"[pP](?:\{\^?([A-Z][a-z]?)\}|([A-Z]))")
_HEX = re.compile(r"x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})")
_REPEAT = re.compile(r"\{([0-9]{1,4})(,([0-9]{0,4}))?\}")
_GROUP = re.compile(r"\(\?(?:(:)|<([A-Za-z][A-Za-z0-9]*)>|([ims]*(?:-[ims]+)?)([:)]))")
_CATEGORIES = frozenset(
    [
        "L",
        "Lu",
        "Ll",
        "Lt",
        "Lm",
        "Lo",
        "M",
        "Mn",
        "Mc",
        "Me",
        "N",
        "Nd",
        "Nl",
        "No",
        "P",
        "Pc",
        "Pd",
        "Ps",
        "Pe",
        "Pi",
        "Pf",
        "Po",
        "S",
        "Sm",
        "Sc",
        "Sk",
        "So",
        "Z",
        "Zs",
        "Zl",
        "Zp",
    ]
)
_SPACE = r"\t\n\x0b\f\r "


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern for RE2.

    Args:
        text: finds the same in the same texts.
        groups: for each capturing group, whether every match sets it.
        empty: whether it can match nothing.
        at_end: whether it has a `$` that Trino lets hold before a last line break.
        names: group numbers by name.
    """

    text: str
    groups: tuple[bool, ...]
    empty: bool
    at_end: bool
    names: dict[str, int]


def read_pattern(text: str, *, consume_end: bool = False) -> Pattern:
    """Read a pattern. Raises `GuardRefused` (code `regex`).

    Args:
        consume_end: write `$` so that it takes the last line break in: right where only the
            fact of a match counts.
    """
    reader = _Reader(text, consume_end)
    body, empty = reader.alternatives(certain=True)
    if reader.at < len(text):
        raise _refused("a bracket is closed that is not open")
    return Pattern(body, tuple(reader.groups), empty, reader.at_end, reader.names)


class _Reader:
    def __init__(self, text: str, consume_end: bool) -> None:
        self.text, self.at, self.consume_end = text, 0, consume_end
        self.groups: list[bool] = []
        self.names: dict[str, int] = {}
        self.at_end = False
        self.multiline = False

    def alternatives(self, certain: bool) -> tuple[str, bool]:
        """Read up to a closing bracket: the text for RE2, and whether it can be empty."""
        start = self.at
        several = _has_alternatives(self.text, start)
        parts = [self._sequence(certain and not several)]
        while self._took("|"):
            parts.append(self._sequence(False))
        return "|".join(p for p, _ in parts), any(empty for _, empty in parts)

    def _sequence(self, certain: bool) -> tuple[str, bool]:
        found: list[str] = []
        empty = True
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            part, nothing = self._repeated(certain)
            found.append(part)
            empty = empty and nothing
        return "".join(found), empty

    def _repeated(self, certain: bool) -> tuple[str, bool]:
        first, groups = self.at, len(self.groups)
        atom, empty, repeatable = self._atom(certain)
        mark = self._quantifier()
        if not mark:
            return atom, empty
        if not repeatable:
            raise _refused("an anchor cannot be repeated")
        if empty and self.text[first] == "(" and mark[0] != "?":
            raise _refused("a group that can be empty is repeated")
        if mark[0] in "*?" or mark.startswith(("{0,", "{0}")):
            self.groups[groups:] = [False] * (len(self.groups) - groups)
            return atom + mark, True
        return atom + mark, empty

    def _quantifier(self) -> str:
        text, at = self.text, self.at
        if at >= len(text):
            return ""
        if text[at] in "*+?":
            mark = text[at]
        elif found := _REPEAT.match(text, at):
            mark = found.group()
            if max(int(found[1]), int(found[3] or 0)) > MAX_REPEATS:
                raise _refused(f"a part is repeated more than {MAX_REPEATS} times")
        else:
            return ""
        self.at += len(mark)
        if self._took("?"):
            mark += "?"
        if self.at < len(text) and (text[self.at] in "*+?" or _REPEAT.match(text, self.at)):
            raise _refused("possessive quantifiers do not run on every engine")
        return mark

    def _atom(self, certain: bool) -> tuple[str, bool, bool]:
        """Read one atom: its text, whether it can be empty, whether it can be repeated."""
        character = self.text[self.at]
        if character == "(":
            return self._group(certain)
        if character == "[":
            return self._class(), False, True
        if character == "\\":
            return self._escape()
        self.at += 1
        if character == "^":
            return "^", True, False
        if character == "$":
            return self._end(), True, False
        if character in "*+?{":
            raise _refused(f"a {character} that repeats nothing")
        if character in "}]":
            return "\\" + character, False, True
        return character, False, True

    def _end(self) -> str:
        if self.multiline:
            return "$"
        self.at_end = True
        return r"(?:\n?\z)" if self.consume_end else r"\z"

    def _group(self, certain: bool) -> tuple[str, bool, bool]:
        if not self.text.startswith("(?", self.at):
            self.at += 1
            return self._captured("(", certain)
        found = _GROUP.match(self.text, self.at)
        if found is None:
            raise _refused("look-around and atomic groups do not run on every engine")
        self.at = found.end()
        if found[2]:
            self.names[found[2]] = len(self.groups) + 1
            return self._captured(f"(?P<{found[2]}>", certain)
        flags, before = found[3] or "", self.multiline
        self.multiline = before or ("m" in flags.partition("-")[0])
        if found[4] == ")":
            return found.group(), True, False
        body, empty = self.alternatives(certain)
        self._need(")")
        self.multiline = before
        return f"{found.group()}{body})", empty, True

    def _captured(self, opening: str, certain: bool) -> tuple[str, bool, bool]:
        number = len(self.groups)
        self.groups.append(certain)
        before = self.multiline
        body, empty = self.alternatives(certain)
        self.multiline = before
        self._need(")")
        self.groups[number] = self.groups[number] and certain
        return f"{opening}{body})", empty, True

    def _escape(self) -> tuple[str, bool, bool]:
        self.at += 1
        rest = self.text[self.at :]
        if not rest:
            raise _refused("it ends with a backslash")
        if rest[0] in "bB":
            self.at += 1
            return "\\" + rest[0], True, False
        if rest[0] in "AzZ":
            self.at += 1
            return (self._end() if rest[0] == "Z" else "\\" + rest[0]), True, False
        return self._escaped(in_class=False), False, True

    def _escaped(self, in_class: bool) -> str:
        """Read what follows a backslash: one character, or a class of them."""
        rest = self.text[self.at :]
        character = rest[:1]
        if character == "s":
            self.at += 1
            return _SPACE if in_class else f"[{_SPACE}]"
        if character == "S" and in_class:
            raise _refused(r"\S inside a class")
        if character == "S":
            self.at += 1
            return f"[^{_SPACE}]"
        if character in _CLASSES:
            self.at += 1
            return "\\" + character
        if character in _CONTROLS:
            self.at += 1
            return _CONTROLS[character]
        if found := _CATEGORY.match(rest):
            if (found[1] or found[2]) not in _CATEGORIES or "^" in found.group():
                raise _refused("this category of characters is not allowed")
            self.at += found.end()
            return "\\" + found.group()
        if found := _HEX.match(rest):
            self.at += found.end()
            return rf"\x{{{found[1] or found[2] or found[3]}}}"
        if (
            not character
            or (character.isalnum() and character.isascii())
            or not character.isascii()
        ):
            raise _refused(f"\\{character} does not mean the same on every engine")
        self.at += 1
        return re.escape(character)

    def _class(self) -> str:
        self.at += 1
        found = ["["]
        if self._took("^"):
            found.append("^")
        if self.text[self.at : self.at + 1] == "]":
            raise _refused("a class that is empty")
        while not self._took("]"):
            found.append(self._member())
        return "".join([*found, "]"])

    def _member(self) -> str:
        if self.at >= len(self.text):
            raise _refused("a class is not closed")
        character = self.text[self.at]
        if character == "[" or self.text.startswith("&&", self.at):
            raise _refused("a class inside a class")
        if character == "\\":
            self.at += 1
            return self._escaped(in_class=True)
        self.at += 1
        return "\\^" if character == "^" else character

    def _took(self, character: str) -> bool:
        if self.text[self.at : self.at + 1] != character:
            return False
        self.at += 1
        return True

    def _need(self, character: str) -> None:
        if not self._took(character):
            raise _refused("a bracket is not closed")


def _has_alternatives(text: str, start: int) -> bool:
    """Tell whether a `|` stands at this level; one too many only makes groups less certain."""
    depth, at, in_class = 0, start, False
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth < 0:
                return False
        elif character == "|" and depth == 0:
            return True
        at += 1
    return False


_REFERENCE = re.compile(r"\$([0-9]+)|\$\{([A-Za-z][A-Za-z0-9]*)\}|\\(.)|([$\\])", re.DOTALL)


def read_replacement(text: str, pattern: Pattern) -> str:
    """Return a replacement in RE2's words. Raises `GuardRefused` (code `regex`)."""

    def word(found: re.Match[str]) -> str:
        if found[4]:
            raise _refused("a lone $ or \\ in the replacement")
        if found[3] is not None:
            return "\\\\" if found[3] == "\\" else found[3]
        number = int(found[1]) if found[1] else pattern.names.get(found[2], -1)
        if not 0 <= number <= min(len(pattern.groups), 9):
            raise _refused("the replacement names a group that is not there")
        if number and not pattern.groups[number - 1]:
            raise _refused("the replacement names a group that a match may leave out")
        return f"\\{number}"

    return _REFERENCE.sub(word, text)


def _refused(reason: str) -> GuardRefused:
    return GuardRefused(
        f"this regular expression cannot run: {reason}",
        code="regex",
        fix="use what RE2 and Java have in common",
    )
