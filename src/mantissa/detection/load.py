"""Rule files to rules: Sigma YAML is read whole, so that filters find the rules they name.

pySigma parses the language; every error is collected with its file and line, and one bad rule
never stops another. Sigma filters are applied here, and a rule's version covers their text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from mantissa.detection.attributes import read_settings, read_tests
from mantissa.detection.correlation_names import Book
from mantissa.detection.correlation_parse import read_correlations
from mantissa.detection.entry import Entry, id_of, info_of, located, refusal
from mantissa.detection.exceptions import (
    NO_RULE,
    RuleException,
    applies_to,
    excepted,
    read_exception,
)
from mantissa.detection.modifiers import spelt
from mantissa.detection.rule import LogSource, Refusal, Rule, RuleSet, rule_version
from mantissa.detection.yamlsafe import MAX_BYTES, Document, read_documents
from mantissa.errors import RuleError

_MALFORMED = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
"""What pySigma lets through, besides its own errors, on values of an unexpected type."""


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


def load_rules(
    paths: Sequence[Path], own: Sequence[Path] = (), today: date | None = None
) -> RuleSet:
    """Read all rules of these files and folders; broad in input, it never raises for a bad rule.

    Args:
        own: more of them, whose rules take the place of those with the same ids in `paths`.
        today: the present day in UTC, on which exceptions may have expired; None lets none expire.
    """
    mine = find_rule_files(own)
    texts: list[tuple[str, bytes]] = []
    for path in sorted({*mine, *find_rule_files(paths)}):
        with path.open("rb") as stream:
            texts.append((str(path), stream.read(MAX_BYTES + 1)))
    return parse_rules(texts, frozenset(map(str, mine)), today)


def parse_rules(
    files: Iterable[tuple[str, bytes]],
    own: frozenset[str] = frozenset(),
    today: date | None = None,
) -> RuleSet:
    """Parse rule files given as (path, content); rules in files of `own` go before others.

    The same files give the same rules: whoever looks again, as a watch or a function does that
    renews its settings, does not parse what it has parsed.
    """
    return _parsed(tuple(files), own, today)


@lru_cache(maxsize=2)
def _parsed(
    files: tuple[tuple[str, bytes], ...], own: frozenset[str], today: date | None
) -> RuleSet:
    parsed: list[Entry] = []
    refused: list[Refusal] = []
    for path, data in files:
        try:
            documents = read_documents(data, path)
        except RuleError as error:
            refused.append(refusal("", error))
            continue
        for group in _groups(documents):
            _parse_group(path, group, parsed, refused)
    exceptions = _apply_filters(parsed, refused, today)
    made = _finish(sorted(parsed, key=lambda entry: entry.path not in own), refused, own)
    return replace(made, exceptions=exceptions)


def _groups(documents: Sequence[Document]) -> list[list[Document]]:
    """Return documents that must be parsed together: a file's rules, if it uses `action:`."""
    if not any(isinstance(d.value, dict) and "action" in d.value for d in documents):
        return [[document] for document in documents]
    alone = [[d] for d in documents if _stands_alone(d)]
    return [[d for d in documents if not _stands_alone(d)], *alone]


def _stands_alone(document: Document) -> bool:
    """Tell whether no `action: global` applies: Sigma merges it into rules only."""
    value = document.value
    return (
        isinstance(value, dict)
        and "action" not in value
        and ("correlation" in value or "filter" in value)
    )


def _parse_group(
    path: str, group: list[Document], parsed: list[Entry], refused: list[Refusal]
) -> None:
    for document in group:
        if not isinstance(document.value, dict) or not all(
            isinstance(k, str) for k in document.value
        ):
            error = RuleError(
                "a rule must be a mapping with text keys", file=path, line=document.line
            )
            refused.append(refusal("", error))
            return
    try:
        collection = SigmaCollection.from_dicts(
            # pySigma merges documents that use `action:` in place, and ours are kept.
            [spelt(deepcopy(d.value) if len(group) > 1 else d.value) for d in group],
            collect_errors=True,
            collect_filters=True,
            resolve_references=False,
        )
    except (SigmaError, *_MALFORMED) as error:
        refused.append(refusal(id_of(group[0]), located(error, path, group[0])))
        return
    items = [*collection.rules, *collection.filters]
    for item, document in zip(items, _documents_of(items, group), strict=True):
        _keep(Entry(item, path, document, [d.text for d in group]), parsed, refused)
    if not items and collection.errors:
        refused.append(refusal(id_of(group[0]), located(collection.errors[0], path, group[0])))


def _documents_of(items: list[Any], group: list[Document]) -> list[Document]:
    """Pair what pySigma made of a group with the documents it was made from, where that is clear."""
    own = [d for d in group if d.value.get("action") in (None, "repeat")]
    return own if len(own) == len(items) else [group[0]] * len(items)


def _keep(entry: Entry, parsed: list[Entry], refused: list[Refusal]) -> None:
    parsed.append(entry)
    if entry.item.errors:
        error = located(entry.item.errors[0], entry.path, entry.document)
        _refuse(entry, error, refused)


def _refuse(entry: Entry, error: RuleError, refused: list[Refusal]) -> None:
    entry.reason = error.message
    refused.append(refusal(entry.id, error))


def _apply_filters(
    parsed: list[Entry], refused: list[Refusal], today: date | None
) -> tuple[RuleException, ...]:
    """Give every Sigma filter to the rules it names; a filter that names none is refused."""
    sound = [entry for entry in parsed if not entry.reason]
    rules = [entry for entry in sound if isinstance(entry.item, SigmaRule)]
    found = []
    for entry in sound:
        if not isinstance(entry.item, SigmaFilter):
            continue
        targets = [target for target in rules if applies_to(entry, target)]
        try:
            if not targets:
                raise entry.complain(NO_RULE)
            exception = read_exception(entry, [target.id for target in targets], today)
        except RuleError as error:
            _refuse(entry, error, refused)
            continue
        found.append(exception)
        for target in targets:
            target.exceptions.append(exception)
            target.texts += [] if exception.expired else [exception.text]
    return tuple(found)


def _finish(parsed: list[Entry], refused: list[Refusal], own: frozenset[str]) -> RuleSet:
    first: dict[str, Entry] = {}
    rules: dict[str, Rule] = {}
    drafts: list[Entry] = []
    for entry in parsed:
        if isinstance(entry.item, SigmaFilter) or entry.reason:
            continue
        try:
            if not _is_first(entry, first, own):
                continue
            if isinstance(entry.item, SigmaCorrelationRule):
                drafts.append(entry)
            else:
                rules[entry.id] = _rule(entry)
        except RuleError as error:
            _refuse(entry, error, refused)
    correlations = read_correlations(drafts, Book(parsed, rules, own), refused)
    return RuleSet(tuple(rules.values()), tuple(refused), correlations)


def _is_first(entry: Entry, first: dict[str, Entry], own: frozenset[str]) -> bool:
    """Claim an id; a user's own rule silently takes the place of the library's."""
    if not entry.id:
        raise entry.complain("the rule has no id", fix="add a line `id:` with a UUID")
    known = first.setdefault(entry.id, entry)
    if known is entry:
        return True
    if entry.path in own or known.path not in own:
        raise entry.complain(
            f"the id is already used by {known.path}:{known.document.line}",
            "id",
            fix="give one of the two rules a new id",
        )
    return False


def _rule(entry: Entry) -> Rule:
    item, document, path = entry.item, entry.document, entry.path
    settings = read_settings(item.custom_attributes, document, path)
    conditions = _conditions(item, document, path)
    rule = Rule(
        info=info_of(item, settings, rule_version(entry.texts)),
        logsource=LogSource(
            item.logsource.product, item.logsource.service, item.logsource.category
        ),
        status=item.status.name.lower() if item.status else "",
        conditions=conditions,
        tests=read_tests(item.custom_attributes, document, path),
        path=path,
        line=document.line,
        name=item.name or "",
        enabled=settings.enabled,
        text=document.text,
        bare=conditions,
        exceptions=tuple(entry.exceptions),
    )
    applying = [exception for exception in entry.exceptions if not exception.expired]
    return excepted(rule, applying) if applying else rule


def _conditions(item: SigmaRule, document: Document, path: str) -> tuple[Any, ...]:
    try:
        trees = tuple(condition.parsed for condition in item.detection.parsed_condition)
    except (SigmaError, *_MALFORMED) as error:
        raise located(error, path, document) from error
    if not trees or None in trees:
        line = document.keys.get("detection", document.line)
        raise RuleError("the condition is empty", file=path, line=line)
    return trees
