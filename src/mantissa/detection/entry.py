"""What pySigma made of one YAML document, with the place it was read from and what to say of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sigma.exceptions import SigmaError

from mantissa.detection.attributes import Settings
from mantissa.detection.exceptions import RuleException
from mantissa.detection.rule import Refusal
from mantissa.detection.yamlsafe import Document
from mantissa.errors import RuleError
from mantissa.model import RuleInfo, Severity

_DEFAULT_LEVEL = Severity.MEDIUM
_KEY_OF_ERROR = {
    "SigmaLogsourceError": "logsource",
    "SigmaTitleError": "title",
    "SigmaIdentifierError": "id",
    "SigmaNameError": "name",
    "SigmaLevelError": "level",
    "SigmaStatusError": "status",
    "SigmaTagError": "tags",
    "SigmaDateError": "date",
    "SigmaModifiedError": "modified",
    "SigmaRelatedError": "related",
    "SigmaCorrelationRuleError": "correlation",
    "SigmaCorrelationTypeError": "correlation.type",
    "SigmaCorrelationConditionError": "correlation.condition",
    "SigmaTimespanError": "correlation.timespan",
}


@dataclass(slots=True)
class Entry:
    """A pySigma rule, correlation or filter.

    Args:
        texts: what its version is made from: its own text and that of filters applied to it.
        reason: why it was refused, if it was.
        exceptions: the filters that name it, expired ones included.
    """

    item: Any
    path: str
    document: Document
    texts: list[str] = field(default_factory=list)
    reason: str = ""
    exceptions: list[RuleException] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Return its id; empty when it has none that could be read."""
        return str(self.item.id or "")

    def complain(self, message: str, key: str = "", fix: str | None = None) -> RuleError:
        """Return an error at the line of a key such as `id` or `correlation.rules`."""
        return RuleError(message, file=self.path, line=line_of(self.document, key), fix=fix)


def line_of(document: Document, key: str) -> int:
    """Return the line of a key, of the mapping it should be in, or of the document."""
    top, _, inner = key.partition(".")
    line = document.keys.get(top, document.line)
    if not inner or top not in document.keys:
        return line
    pattern = re.compile(rf"\s+['\"]?{re.escape(inner)}['\"]?\s*:")
    lines = document.text.splitlines()
    for number, text in enumerate(lines[line - document.line + 1 :], line + 1):
        if text[:1].strip() not in ("", "#"):
            break
        if pattern.match(text):
            return number
    return line


def located(error: Exception, path: str, document: Document) -> RuleError:
    """Turn a pySigma error into ours, at the line of the key it is about."""
    key = "correlation" if "correlation" in document.keys else "detection"
    reason = f"the rule holds a value of an unexpected type ({error})"
    if isinstance(error, SigmaError):
        key, reason = _KEY_OF_ERROR.get(type(error).__name__, key), str(error.args[0])
    return RuleError(reason, file=path, line=line_of(document, key))


def refusal(rule_id: str, error: RuleError) -> Refusal:
    """Return what is told of a rule that cannot run."""
    return Refusal(rule_id, error.file or "", error.line, error.message)


def id_of(document: Document) -> str:
    """Return the id that a document states, whatever else is wrong with it."""
    value: Mapping[str, Any] = document.value
    return str(value.get("id", ""))


def info_of(item: Any, settings: Settings, version: str) -> RuleInfo:
    """Return what people are told of a rule or correlation."""
    return RuleInfo(
        id=str(item.id),
        title=item.title,
        level=Severity(item.level.name.lower()) if item.level else _DEFAULT_LEVEL,
        description=item.description or "",
        tags=tuple(str(tag) for tag in item.tags),
        false_positives=_texts(item.falsepositives),
        references=_texts(item.references),
        fields=_texts(item.fields),
        version=version,
        major=settings.major,
        group_by=settings.group_by,
    )


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
