"""Text that a log may have written, made safe for a terminal (threat S-03).

An escape sequence in a user agent can retitle a window, hide the next line or turn a file name
around. Nothing is dropped: what a terminal would act on is shown as a visible escape.
"""

from __future__ import annotations

import re

# The categories Cc, Cf, Cs, Zl and Zp of Unicode, and the other characters that draw nothing
# (default ignorable: fillers, variation selectors, tags; and the blank Braille cell).
_UNSAFE = (
    "\u0000-\u001f\u007f-\u009f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2"
    "\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ONE_LINE = re.compile(f"[{_UNSAFE}]")
_LINES = re.compile(f"(?!\n)[{_UNSAFE}]")

_CREDENTIAL = re.compile(
    r"(?P<keep>hooks\.slack\.com/(?:services|workflows|triggers)/"
    r"|\b(?:Bearer|Basic|GenieKey)\s+"
    r"|\bToken token=)"
    r"[^\s\"'<>]+"
)
REDACTED = "[redacted]"


def visible(text: str) -> str:
    """Return `text` on one line, every character that could steer a terminal spelled out."""
    return _ONE_LINE.sub(_spell, text)


def visible_lines(text: str) -> str:
    """Do as `visible` but keep line breaks; for text whose lines are our own."""
    return _LINES.sub(_spell, text)


def json_safe(document: str) -> str:
    """Replace unsafe characters of a JSON document by JSON's own escapes: its value stays.

    A line break stays too: in JSON it can stand between tokens only.
    """
    return _LINES.sub(_json_escape, document)


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Blot out the given secrets and what has the form of a credential in a URL or a header."""
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return _CREDENTIAL.sub(rf"\g<keep>{REDACTED}", text)


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _json_escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
