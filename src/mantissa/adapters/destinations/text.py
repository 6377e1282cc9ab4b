"""Text from logs made safe to show in other people's products.

What stands in a log was written by anyone on the internet: it must not draw, hide, reorder or
link anything where it is read.
"""

from __future__ import annotations

import re

_WEB = re.compile(r"(?i)(h)tt(ps?:/{1,2})([^\s/\"'<>\\]*)")
_SCHEME = re.compile(r"(?i)([a-z][a-z0-9+.-]{1,20})://")
_OPAQUE = re.compile(r"(?i)\b(javascript|vbscript|data|mailto|tel|sms):(?=\S)")


def visible(text: str, *, lines: bool = False) -> str:
    """Show control, format and bidirectional characters instead of obeying them.

    Args:
        lines: keep line breaks, for text that is not from a log.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _shown(c, lines) for c in text)


def defang(text: str) -> str:
    """Write links so that nothing turns them into one: `hxxps://evil[.]example`."""
    text = _WEB.sub(lambda m: f"{m[1]}xx{m[2]}{m[3].replace('.', '[.]')}", text)
    text = _SCHEME.sub(lambda m: m[0] if "hxxp" in m[1].lower() else f"{m[1]}[:]//", text)
    return _OPAQUE.sub(r"\1[:]", text)


def safe(text: str, most: int, *, lines: bool = False) -> str:
    """Make text of anyone's writing fit to show: visible, without links, at most so long."""
    return shorten(defang(visible(shorten(text, most), lines=lines)), most)


def shorten(text: str, most: int) -> str:
    """Cut text to a length, saying so with an ellipsis."""
    return text if len(text) <= most else text[: max(0, most - 1)] + "…"


def _shown(character: str, lines: bool) -> str:
    code = ord(character)
    if character == "\n" and lines:
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if character == "\u00a0":
        return " "
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
