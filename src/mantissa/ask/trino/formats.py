"""Formats of times: MySQL's letters (`date_format`) and Joda's (`format_datetime`), as strftime's."""

from __future__ import annotations

import re

from mantissa.errors import GuardRefused

MYSQL = {
    "a": "%a",
    "b": "%b",
    "c": "%-m",
    "d": "%d",
    "e": "%-d",
    "f": "%f",
    "H": "%H",
    "h": "%I",
    "I": "%I",
    "i": "%M",
    "j": "%j",
    "k": "%-H",
    "l": "%-I",
    "M": "%B",
    "m": "%m",
    "p": "%p",
    "r": "%I:%M:%S %p",
    "S": "%S",
    "s": "%S",
    "T": "%H:%M:%S",
    "W": "%A",
    "Y": "%Y",
    "y": "%y",
    "%": "%%",
}
JODA = {
    "yyyy": "%Y",
    "YYYY": "%Y",
    "yy": "%y",
    "MM": "%m",
    "M": "%-m",
    "MMM": "%b",
    "MMMM": "%B",
    "dd": "%d",
    "d": "%-d",
    "DDD": "%j",
    "HH": "%H",
    "H": "%-H",
    "hh": "%I",
    "h": "%-I",
    "mm": "%M",
    "m": "%-M",
    "ss": "%S",
    "s": "%-S",
    "SSS": "%g",
    "a": "%p",
    "EEE": "%a",
    "E": "%a",
    "EEEE": "%A",
    "e": "%u",
}
_PARSED_MYSQL = frozenset("YmdHisSTMb%")
_PARSED_JODA = frozenset(("yyyy", "MM", "dd", "HH", "mm", "ss", "MMM", "SSS"))
_JODA_WORD = re.compile(r"([A-Za-z])\1*|'((?:[^']|'')*)'|[^A-Za-z']+")


def mysql_form(text: str, *, parsed: bool = False) -> str:
    """Return a MySQL format as strftime's. Raises `GuardRefused` (code `format`)."""
    found = []
    letters = iter(text)
    for letter in letters:
        if letter != "%":
            found.append(letter)
            continue
        letter = next(letters, "")
        if letter not in MYSQL or (parsed and letter not in _PARSED_MYSQL):
            raise _refused(f"%{letter}")
        found.append(MYSQL[letter])
    return "".join(found)


def joda_form(text: str, *, parsed: bool = False) -> str:
    """Return a Joda format as strftime's. Raises `GuardRefused` (code `format`)."""
    found = []
    at = 0
    while at < len(text):
        word = _JODA_WORD.match(text, at)
        if word is None:
            raise _refused("an open quote")
        at = word.end()
        if word[1]:
            allowed = _PARSED_JODA if parsed else JODA
            if word.group() not in allowed:
                raise _refused(word.group())
            found.append(JODA[word.group()])
        elif word[2] is not None:
            found.append((word[2].replace("''", "'") or "'").replace("%", "%%"))
        else:
            found.append(word.group().replace("%", "%%"))
    return "".join(found)


def _refused(what: str) -> GuardRefused:
    return GuardRefused(
        f"{what} in a format does not mean the same on every engine",
        code="format",
        fix="docs/reference/sql.md lists the letters that do",
    )
