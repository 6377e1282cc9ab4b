"""What leaves the house: fields masked or dropped per destination, and secrets never.

Slack and PagerDuty are other people's computers. A masked value becomes a placeholder that is
the same for the same value (keyed, so that it cannot be guessed back from a list of users), and
is replaced wherever else it stands in the message.
"""

from __future__ import annotations

import fnmatch
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mantissa.alerts.route import Redaction

SECRET = "[secret]"
DROPPED = "[dropped]"
_SHORTEST = 4
"""Shorter values are not looked for in other text: they would hit innocent words."""

_WORD = r"(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key)"
_PATTERNS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?s)-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [^-]{0,60}-----|\Z)", SECRET),
        (r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])", SECRET),
        (r"\bxox[a-z]-[A-Za-z0-9-]{8,}", SECRET),
        (r"\bxapp-[A-Za-z0-9-]{8,}", SECRET),
        (r"\b(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{20,}", SECRET),
        (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?", SECRET),
        (r"(?i)hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]+", SECRET),
        (r"(?i)\b(bearer\s{1,4})(?=[a-z._~+/=-]{0,64}\d)[a-z0-9._~+/=-]{8,}", rf"\1{SECRET}"),
        (
            r"(?i)\b(authorization[\"']?\s{0,4}:\s{0,4}[\"']?[a-z]+\s{1,4})[^\s\"',]+",
            rf"\1{SECRET}",
        ),
        (r"(?i)(://[^\s/:@]{0,256}:)[^\s/@]{1,256}@", rf"\1{SECRET}@"),
        (
            rf"(?i)((?:{_WORD}|\bpwd)[\"']?\s{{0,4}}[=:]\s{{0,4}})"
            r"(?:\"[^\"]*\"?|'[^']*'?|[^\s\"',;&]+)",
            rf"\1{SECRET}",
        ),
    )
)
_NAMED = re.compile(rf"(?i){_WORD}$")


def scrub(text: str) -> str:
    """Replace what looks like a credential."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def is_secret_field(name: str) -> bool:
    """Tell whether a field's name says that its value is a credential."""
    return _NAMED.search(name) is not None


@dataclass(frozen=True, slots=True)
class Redactor:
    """Applies one destination's redaction.

    Args:
        key: secret of this installation that makes placeholders unguessable.
    """

    policy: Redaction
    key: bytes

    def field(self, name: str, value: str) -> str | None:
        """Return what may be shown of a field, or None when it is left out."""
        if _named(name, self.policy.drop):
            return None
        if _named(name, self.policy.mask):
            return self.placeholder(name, value)
        if self.policy.allow and not _named(name, self.policy.allow):
            return None
        return SECRET if value and is_secret_field(name) else scrub(value)

    def placeholder(self, name: str, value: str) -> str:
        """Make the stand-in for a value: the same for the same field and value, for ever."""
        digest = hmac.new(self.key, f"{name}\0{value}".encode(), hashlib.sha256).hexdigest()
        return f"[{name} {digest[:10]}]"

    def stand_ins(self, pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
        """Map each value that must not be shown, in lower case, to what stands for it."""
        return {
            value.lower(): self.field(name, value) or DROPPED
            for name, value in pairs
            if len(value) >= _SHORTEST and self._hides(name)
        }

    def _hides(self, name: str) -> bool:
        named = (*self.policy.drop, *self.policy.mask)
        return _named(name, named) or is_secret_field(name)


def hide(text: str, stand_ins: Mapping[str, str]) -> str:
    """Replace hidden values that stand inside other text as whole words, in any case."""
    if not stand_ins:
        return text
    longest_first = sorted(stand_ins, key=lambda value: (-len(value), value))
    words = "|".join(re.escape(value) for value in longest_first)
    pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda m: stand_ins.get(m.group().lower(), DROPPED), text)


def _named(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)
