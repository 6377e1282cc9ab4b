"""Rule files to rules: Sigma YAML is read whole, so that filters find the rules they name.

pySigma parses the language; every error is collected with its file and line, and one bad rule
never stops another. Sigma filters are applied here, and a rule's version covers their text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from mantissa.detection.attributes import read_settings, read_tests
from mantissa.detection.rule import LogSource, Refusal, Rule, RuleSet, rule_version
from mantissa.detection.yamlsafe import MAX_BYTES, Document, read_documents
from mantissa.errors import RuleError
from mantissa.model import RuleInfo, Severity

_MALFORMED = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
"""What pySigma lets through, besides its own errors, on values of an unexpected type."""
_DEFAULT_LEVEL = Severity.MEDIUM
_KEY_OF_ERROR = {
    "SigmaLogsourceError": "logsource",
    "SigmaTitleError": "title",
    "SigmaIdentifierError": "id",
    "SigmaLevelError": "level",
    "SigmaStatusError": "status",
    "SigmaTagError": "tags",
    "SigmaDateError": "date",
    "SigmaModifiedError": "modified",
    "SigmaRelatedError": "related",
}


@dataclass(slots=True)
class _Parsed:
    """A pySigma object with the place it was read from."""

    item: Any
    path: str
    document: Document
    texts: list[str] = field(default_factory=list)


def find_rule_files(paths: Sequence[Path]) -> list[Path]:
    """List the rule files in these files and folders, sorted. Raises `RuleError` if one is missing."""
    found: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise RuleError("there is no such rule file or folder", file=str(path))
        if path.is_dir():
            found.update(
                p for p in path.rglob("*") if p.suffix in (".yml", ".yaml") and p.is_file()
            )
        else:
            found.add(path)
    return sorted(found)


def load_rules(paths: Sequence[Path], own: Sequence[Path] = ()) -> RuleSet:
    """Read all rules of these files and folders; broad in input, it never raises for a bad rule.

    Args:
        own: more of them, whose rules take the place of those with the same ids in `paths`.
    """
    mine = find_rule_files(own)
    texts: list[tuple[str, bytes]] = []
    for path in sorted({*mine, *find_rule_files(paths)}):
        with path.open("rb") as stream:
            texts.append((str(path), stream.read(MAX_BYTES + 1)))
    return parse_rules(texts, frozenset(map(str, mine)))


def parse_rules(files: Iterable[tuple[str, bytes]], own: frozenset[str] = frozenset()) -> RuleSet:
    """Parse rule files given as (path, content); rules in files of `own` go before others."""
    parsed: list[_Parsed] = []
    refused: list[Refusal] = []
    for path, data in files:
        try:
            documents = read_documents(data, path)
        except RuleError as error:
            refused.append(_refusal("", error))
            continue
        for group in _groups(documents):
            _parse_group(path, group, parsed, refused)
    _apply_filters(parsed, refused)
    return _finish(sorted(parsed, key=lambda entry: entry.path not in own), refused, own)


def _groups(documents: list[Document]) -> list[list[Document]]:
    """Return documents that must be parsed together: all of a file that uses `action:`."""
    if any(isinstance(d.value, dict) and "action" in d.value for d in documents):
        return [documents]
    return [[document] for document in documents]


def _parse_group(
    path: str, group: list[Document], parsed: list[_Parsed], refused: list[Refusal]
) -> None:
    for document in group:
        if not isinstance(document.value, dict) or not all(
            isinstance(k, str) for k in document.value
        ):
            error = RuleError(
                "a rule must be a mapping with text keys", file=path, line=document.line
            )
            refused.append(_refusal("", error))
            return
    try:
        collection = SigmaCollection.from_dicts(
            [d.value for d in group],
            collect_errors=True,
            collect_filters=True,
            resolve_references=False,
        )
    except (SigmaError, *_MALFORMED) as error:
        refused.append(_refusal(_id_of(group[0]), _located(error, path, group[0])))
        return
    items = [*collection.rules, *collection.filters]
    for item, document in zip(items, _documents_of(items, group), strict=True):
        _keep(_Parsed(item, path, document, [d.text for d in group]), parsed, refused)
    if not items and collection.errors:
        refused.append(_refusal(_id_of(group[0]), _located(collection.errors[0], path, group[0])))


def _documents_of(items: list[Any], group: list[Document]) -> list[Document]:
    """Pair what pySigma made of a group with the documents it was made from, where that is clear."""
    own = [d for d in group if d.value.get("action") in (None, "repeat")]
    return own if len(own) == len(items) else [group[0]] * len(items)


def _keep(entry: _Parsed, parsed: list[_Parsed], refused: list[Refusal]) -> None:
    item, path, document = entry.item, entry.path, entry.document
    if item.errors:
        refused.append(_refusal(str(item.id or ""), _located(item.errors[0], path, document)))
    elif isinstance(item, SigmaCorrelationRule):
        line = document.keys.get("correlation", document.line)
        error = RuleError("correlations are not supported yet", file=path, line=line)
        refused.append(_refusal(str(item.id or item.name or ""), error))
    else:
        parsed.append(entry)


def _apply_filters(parsed: list[_Parsed], refused: list[Refusal]) -> None:
    """Apply every Sigma filter to the rules it names; a filter that names none is refused."""
    rules = [entry for entry in parsed if isinstance(entry.item, SigmaRule)]
    for entry in parsed:
        if not isinstance(entry.item, SigmaFilter):
            continue
        touched = False
        for target in rules:
            before = list(target.item.detection.condition)
            entry.item.apply_on_rule(target.item)
            if before != target.item.detection.condition:
                target.texts.append(entry.document.text)
                touched = True
        if not touched:
            error = RuleError(
                "the filter applies to no rule", file=entry.path, line=entry.document.line
            )
            refused.append(_refusal(str(entry.item.id or ""), error))


def _finish(parsed: list[_Parsed], refused: list[Refusal], own: frozenset[str]) -> RuleSet:
    rules: dict[str, Rule] = {}
    for entry in parsed:
        if not isinstance(entry.item, SigmaRule):
            continue
        try:
            rule = _rule(entry)
            known = rules.setdefault(rule.info.id, rule)
            if known is not rule and (rule.path in own or known.path not in own):
                raise RuleError(
                    f"the id is already used by {known.path}:{known.line}",
                    file=entry.path,
                    line=entry.document.keys.get("id", entry.document.line),
                    fix="give one of the two rules a new id",
                )
        except RuleError as error:
            refused.append(_refusal(str(entry.item.id or ""), error))
    return RuleSet(tuple(rules.values()), tuple(refused))


def _rule(entry: _Parsed) -> Rule:
    item, document, path = entry.item, entry.document, entry.path
    if item.id is None:
        raise RuleError(
            "the rule has no id", file=path, line=document.line, fix="add a line `id:` with a UUID"
        )
    settings = read_settings(item.custom_attributes, document, path)
    return Rule(
        info=_info(item, settings.major, settings.group_by, rule_version(entry.texts)),
        logsource=LogSource(
            item.logsource.product, item.logsource.service, item.logsource.category
        ),
        status=item.status.name.lower() if item.status else "",
        conditions=_conditions(item, document, path),
        tests=read_tests(item.custom_attributes, document, path),
        path=path,
        line=document.line,
        enabled=settings.enabled,
        text=document.text,
    )


def _info(item: SigmaRule, major: int, group_by: tuple[str, ...], version: str) -> RuleInfo:
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
        major=major,
        group_by=group_by,
    )


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def _conditions(item: SigmaRule, document: Document, path: str) -> tuple[Any, ...]:
    try:
        trees = tuple(condition.parsed for condition in item.detection.parsed_condition)
    except (SigmaError, *_MALFORMED) as error:
        raise _located(error, path, document) from error
    if not trees or None in trees:
        line = document.keys.get("detection", document.line)
        raise RuleError("the condition is empty", file=path, line=line)
    return trees


def _located(error: Exception, path: str, document: Document) -> RuleError:
    """Turn a pySigma error into ours, at the line of the key it is about."""
    if isinstance(error, SigmaError):
        key, reason = _KEY_OF_ERROR.get(type(error).__name__, "detection"), str(error.args[0])
    else:
        key, reason = "detection", f"the rule holds a value of an unexpected type ({error})"
    return RuleError(reason, file=path, line=document.keys.get(key, document.line))


def _refusal(rule_id: str, error: RuleError) -> Refusal:
    return Refusal(rule_id, error.file or "", error.line, error.message)


def _id_of(document: Document) -> str:
    value: Mapping[str, Any] = document.value
    return str(value.get("id", ""))
