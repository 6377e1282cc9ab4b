"""By which engine a run is judged: the lake's own, or the embedded one where little is pending.

The embedded engine is a quicker way to the same answers, never another opinion. It runs the same
rules, compiled for it; a rule that it does not know or fails on is judged by the lake's own engine
in the same run, and what a rule missed, its version and its health are always those of the lake's
own engine: which of the two a run took leaves no trace but the name in its report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mantissa.detection.execute import Evaluation, RuleFailure
from mantissa.detection.prepare import Predicate, Prepared
from mantissa.errors import EngineError, ObjectNotFound
from mantissa.ports import Item, ObjectStore, QueryEngine

Files = Mapping[str, Sequence[str]]
"""Table → keys of its files."""


@dataclass(frozen=True, slots=True)
class Way:
    """An engine, and the rules compiled for it.

    Args:
        release: gives back what the engine holds of a run's files.
    """

    name: str
    engine: QueryEngine
    prepared: Prepared
    release: Callable[[], None] = field(default=lambda: None)


@dataclass(frozen=True, slots=True)
class Quick:
    """When the embedded engine judges a run.

    Args:
        way: makes it when it is first needed.
        most_bytes: of Parquet files that one run judges with it.
        always: whatever is pending.
    """

    way: Callable[[], Way]
    most_bytes: int = 64 << 20
    most_files: int = 200
    always: bool = False

    def way_for(self, objects: ObjectStore, items: Sequence[Item], missed: Files) -> Way | None:
        """Return the way for a run over these pending records and missed files, if this is it."""
        if self.always or self._is_small(objects, items, missed):
            return self.way()
        return None

    def _is_small(self, objects: ObjectStore, items: Sequence[Item], missed: Files) -> bool:
        count = sum(len(k) for i in items for k in i.value["files"].values())
        if count + sum(map(len, missed.values())) > self.most_files:
            return False
        size: int = sum(item.value.get("bytes", 0) for item in items)
        untold = [k for i in items if "bytes" not in i.value for k in _keys(i.value["files"])]
        try:
            size += sum(objects.head(key).size for key in [*untold, *_keys(missed)])
        except ObjectNotFound:
            return False
        return size <= self.most_bytes


def _keys(files: Files) -> Iterable[str]:
    return (key for keys in files.values() for key in keys)


Judge = Callable[[Way, Sequence[Predicate], Files, Evaluation], None]
"""Judges files by predicates that are compiled for a way."""


def judge_quickly(
    judge: Judge, quick: Way, predicates: Sequence[Predicate], files: Files, done: Evaluation
) -> list[tuple[list[Predicate], Files]]:
    """Judge what the embedded engine can; return what is left for the lake's own, by its predicates.

    Args:
        done: gets what was used; failures are no failures yet, since another engine is to try.
    """
    wanted = {_place(p): p for p in predicates}
    mine = [p for p in quick.prepared.predicates if _place(p) in wanted]
    known = {_place(p) for p in mine}
    own = Evaluation()
    try:
        judge(quick, mine, files, own)
    except EngineError:
        return [(list(predicates), files)]
    finally:
        done.bytes_scanned += own.bytes_scanned
        done.seconds += own.seconds
    lacking = [p for place, p in wanted.items() if place not in known]
    left: list[tuple[list[Predicate], Files]] = [(lacking, files)] if lacking else []
    return [*left, *_again(own.failures, predicates)]


def _again(
    failures: Sequence[RuleFailure], predicates: Sequence[Predicate]
) -> list[tuple[list[Predicate], Files]]:
    """Return what failed: the rules that failed on the same files together."""
    rules: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for failure in failures:
        rules.setdefault((failure.table, failure.files), set()).add(failure.rule_id)
    return [
        ([p for p in predicates if p.rule.info.id in failed], {table: keys})
        for (table, keys), failed in rules.items()
    ]


def _place(predicate: Predicate) -> tuple[str, str]:
    return predicate.rule.info.id, predicate.source.name
