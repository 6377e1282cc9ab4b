"""Forms of text that both engines must read alike, as RE2 expressions.

Engines are generous in different ways (`1_000`, `NaN`, `010.0.0.1`), so a text is only read as a
number, a time or an address when it has one of these forms.
"""

from __future__ import annotations

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
"""Four decimal octets without leading zeros."""

_H = "[0-9a-f]{1,4}"


def _v6(groups: int) -> str:
    """Return the forms of that many 16-bit groups in lower case, `::` for one or more of zero."""
    full = f"{_H}(?::{_H}){{{groups - 1}}}"
    forms = [full, *(_shortened(before, groups) for before in range(groups))]
    return "(?:" + "|".join(forms) + ")"


def _shortened(before: int, groups: int) -> str:
    """Return the form with `::` after exactly `before` groups, which stands for one or more."""
    head = f"{_H}(?::{_H}){{{before - 1}}}" if before else ""
    most = groups - before - 1
    return f"{head}::" + (f"(?:{_H}(?::{_H}){{0,{most - 1}}})?" if most else "")


IPV6 = _v6(8)
"""Eight groups, or fewer around one `::`; no zone and no dotted tail."""


def _v6_dotted() -> str:
    full = f"(?:{_H}:){{6}}"
    forms = [full]
    for before in range(6):
        head = f"{_H}(?::{_H}){{{before - 1}}}" if before else ""
        forms.append(f"{head}::(?:{_H}:){{0,{5 - before}}}")
    return "(?:" + "|".join(forms) + ")" + IPV4


IPV6_DOTTED = _v6_dotted()
"""Six groups, or fewer around one `::`, and an IPv4 address for the last two."""

WITHOUT_ZONE = "CASE WHEN written LIKE '%:%' THEN SPLIT_PART(written, '%', 1) ELSE written END"
"""SQL for an address without what follows `%` in IPv6: Trino accepts only its own machine's zones."""

NUMBER = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"
ISO_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?$"
)
