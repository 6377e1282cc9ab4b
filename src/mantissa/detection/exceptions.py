"""Exceptions: Sigma filters that say who asked for them, why, and until when.

A filter without an author, a reason or an expiry works, and `rules check` asks for what is missing.
After its last day it no longer applies: its rules fire again, and it is shown as expired. One that
cannot be said of a rule's source is refused alone: the rule goes on without it, as loss of an
exception is noise and loss of a rule is silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from sigma.conditions import ConditionAND
from sigma.exceptions import SigmaError

from mantissa.detection.rule import Refusal, line_in
from mantissa.errors import RuleError

if TYPE_CHECKING:
    from sigma.conditions import ConditionType

    from mantissa.detection.entry import Entry
    from mantissa.detection.rule import Rule

NO_RULE = "the filter applies to no rule"
_KEYS = ("reason", "expires")
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, eq=False)
class RuleException:
    """A Sigma filter as the product carries it; compared by identity.

    Args:
        expires: the last day, in UTC, on which it applies; None if it says none.
        rules: ids of the rules it applies to.
        condition: what must hold besides for such a rule to fire.
        expired: whether its last day was over when it was read.
        line: the line of `path` on which it starts, from 1.
    """

    id: str
    title: str
    author: str
    reason: str
    expires: date | None
    rules: tuple[str, ...]
    condition: ConditionType = field(repr=False)
    expired: bool = False
    path: str = ""
    line: int = 1
    text: str = field(default="", repr=False)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What somebody who reads it later would want to know and it does not say."""
        said = {"author": self.author, "reason": self.reason, "expires": self.expires}
        return tuple(name for name, value in said.items() if not value)

    @property
    def state(self) -> str:
        """Return `applies` or `expired`."""
        return "expired" if self.expired else "applies"

    def line_of(self, word: str) -> int:
        """Return the line of `path` on which a field is first tested, or its own."""
        return line_in(self.text, self.line, word, "filter")

    def to_json(self) -> dict[str, Any]:
        """Return it as the `rules` commands' JSON has it."""
        return {
            "id": self.id,
            "title": self.title,
            "author": self.author,
            "reason": self.reason,
            "expires": self.expires.isoformat() if self.expires else None,
            "state": self.state,
            "lacks": list(self.lacks),
            "path": self.path,
            "line": self.line,
        }


def applies_to(entry: Entry, target: Entry) -> bool:
    """Tell whether a filter is about a rule: it names it, or all, and their log sources agree."""
    wanted, item = entry.item.filter.rules, target.item
    if item.logsource not in entry.item.logsource:
        return False
    if isinstance(wanted, str):
        return wanted.lower() == "any"
    names = {str(reference.reference).lower() for reference in wanted}
    return str(item.id).lower() in names or (bool(item.name) and item.name.lower() in names)


def read_exception(entry: Entry, rules: Sequence[str], today: date | None) -> RuleException:
    """Check and return a filter. Raises `RuleError`.

    Args:
        rules: ids of the rules it applies to.
        today: the present day in UTC; None lets no filter expire.
    """
    said = _settings(entry)
    expires = _expiry(entry, said.get("expires"))
    return RuleException(
        id=entry.id,
        title=entry.item.title or "",
        author=entry.item.author or "",
        reason=str(said.get("reason") or "").strip(),
        expires=expires,
        rules=tuple(rules),
        condition=_condition(entry),
        expired=bool(today and expires and expires < today),
        path=entry.path,
        line=entry.document.line,
        text=entry.document.text,
    )


def _settings(entry: Entry) -> Mapping[str, Any]:
    value = entry.item.custom_attributes.get("mantissa", {})
    if not isinstance(value, dict):
        raise entry.complain("`mantissa:` must be a mapping", "mantissa")
    for key in value:
        if key not in _KEYS:
            near = get_close_matches(str(key), _KEYS, 1)
            fix = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(_KEYS)}"
            raise entry.complain(f"mantissa has an unknown key {key!r}", "mantissa", fix)
    return value


def _expiry(entry: Entry, value: Any) -> date | None:
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise entry.complain(
            f"`mantissa.expires` is no day: {str(value)[:40]!r}",
            "mantissa.expires",
            "write it like 2027-01-31",
        ) from None


def _condition(entry: Entry) -> ConditionType:
    try:
        tree: ConditionType | None = entry.item.filter.parsed_condition[0].parsed
    except (SigmaError, *_MALFORMED) as error:
        raise entry.complain(f"the filter cannot be read: {error}", "filter.condition") from error
    if tree is None:
        raise entry.complain("the filter's condition is empty", "filter.condition")
    return tree


def excepted(rule: Rule, exceptions: Sequence[RuleException]) -> Rule:
    """Return the rule with these exceptions, and no other, in its conditions."""
    added = [exception.condition for exception in exceptions]
    conditions = tuple(ConditionAND([tree, *added]) if added else tree for tree in rule.bare)
    return replace(rule, conditions=conditions)


def unexcepted(rule: Rule) -> Rule:
    """Return the rule as its author wrote it."""
    return replace(excepted(rule, ()), exceptions=()) if rule.exceptions else rule


def compile_leniently(
    rule: Rule, compiled: Callable[[Rule], _Made]
) -> tuple[_Made, dict[RuleException, RuleError]]:
    """Compile a rule, leaving out exceptions that cannot be said; return those, with the reason.

    Raises `RuleError` when it is the rule itself that cannot be compiled.
    """
    applying = [exception for exception in rule.exceptions if not exception.expired]
    try:
        return compiled(rule), {}
    except RuleError:
        if not applying:
            raise
    made = compiled(excepted(rule, ()))
    at_fault: dict[RuleException, RuleError] = {}
    for exception in applying:
        try:
            compiled(excepted(rule, (exception,)))
        except RuleError as error:
            at_fault[exception] = error
    kept = [exception for exception in applying if exception not in at_fault]
    return (compiled(excepted(rule, kept)) if kept else made), at_fault


def refused_everywhere(
    without: Sequence[Mapping[RuleException, RuleError]],
) -> list[Refusal]:
    """Return what is told of exceptions that can be said of none of a rule's sources."""
    first, *others = without
    return [
        _refusal(exception, error)
        for exception, error in first.items()
        if all(exception in other for other in others)
    ]


def _refusal(exception: RuleException, error: RuleError) -> Refusal:
    reason = f"{error.message} ({error.fix})" if error.fix else error.message
    quoted = error.message.partition("'")[2].partition("'")[0]
    line = exception.line_of(quoted) if quoted else exception.line
    return Refusal(exception.id, exception.path, line, f"the exception is left out: {reason}")


def overdue(exceptions: Sequence[RuleException], today: date) -> bool:
    """Tell whether what was read is out of date, as an exception has expired since."""
    return any(e.expires is not None and not e.expired and e.expires < today for e in exceptions)


def remarks(exceptions: Sequence[RuleException]) -> list[dict[str, Any]]:
    """Return what somebody should do about exceptions, as the `rules check` command's JSON."""
    return [
        {"id": e.id, "path": e.path, "line": e.line, "reason": reason}
        for e in exceptions
        if (reason := _remark(e))
    ]


def _remark(exception: RuleException) -> str:
    if exception.expired:
        return f"the exception expired on {exception.expires}: delete it, or give it another day"
    if exception.lacks:
        return f"the exception says no {' and no '.join(exception.lacks)}"
    return ""
