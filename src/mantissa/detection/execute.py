"""Runs fused queries and finds out which rule is to blame when an engine refuses one.

An error is never an empty answer. What was too slow or too large is tried again on fewer files,
then with fewer rules; what was refused is halved until the rule that caused it stands alone. When
the table itself gives no answer no rule is to blame, and all of them are tried again later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from mantissa.detection.asking import ask
from mantissa.detection.dialects import Dialect
from mantissa.detection.fuse import BARE, Frame, FusedQuery, fuse
from mantissa.detection.prepare import Predicate
from mantissa.detection.template import quoted
from mantissa.errors import EngineError, EngineTimedOut, EngineTransient, QueryTooLarge
from mantissa.model import QueryLimits, QueryResult, Table
from mantissa.ports import QueryEngine

STRIKES = 24
"""Timeouts in a row that are put down to rules; halving 1,000 files and 1,000 rules takes 20."""
Files = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that could not judge some files.

    Args:
        code: the error's code: `engine_rejected`, `engine_timed_out`, or `engine_transient` when
            the table gave no answer to anybody.
        files: lake keys of `table` that the rule has not judged.
    """

    rule_id: str
    code: str
    reason: str
    table: str
    files: Files


@dataclass(slots=True)
class Evaluation:
    """What an evaluation used and which rules failed; its answers went to the sink."""

    failures: list[RuleFailure] = field(default_factory=list)
    bytes_scanned: int = 0
    seconds: float = 0.0


Sink = Callable[[FusedQuery, QueryResult], None]
"""Takes each query's answer, once."""


@dataclass(slots=True)
class Evaluator:
    """Evaluates predicates over files.

    Args:
        alone: ids of rules that failed before and therefore run by themselves.
        beat: called before every query, so that a long evaluation can show that it is alive.
        frame: what queries look at besides the files, and what is asked of the rows they find.
    """

    engine: QueryEngine
    dialect: Dialect
    limits: QueryLimits
    sink: Sink
    alone: frozenset[str] = frozenset()
    done: Evaluation = field(default_factory=Evaluation)
    beat: Callable[[], object] = field(default=lambda: None)
    frame: Frame = BARE
    strikes: int = 0
    answering: set[tuple[str, Files]] = field(default_factory=set)

    def evaluate(self, predicates: Sequence[Predicate], files: Mapping[str, Sequence[str]]) -> None:
        """Judge files by table. Raises `EngineTransient` when the engine stays unavailable."""
        for table, keys in files.items():
            mine = [p for p in predicates if p.source.table.name == table]
            if mine and keys:
                self._table(mine, tuple(keys))

    def _table(self, predicates: list[Predicate], files: Files) -> None:
        failed_before = len(self.done.failures)
        together = [p for p in predicates if p.rule.info.id not in self.alone]
        for query in fuse(together, self.dialect, self.frame):
            self._judge(query, files)
        for predicate in predicates:
            if predicate.rule.info.id in self.alone:
                self._judge(fuse([predicate], self.dialect, self.frame)[0], files)
        self._refuse_silence(predicates, files, self.done.failures[failed_before:])

    def _refuse_silence(
        self, predicates: list[Predicate], files: Files, failures: list[RuleFailure]
    ) -> None:
        """Raise when several rules were all too slow: then it is the engine, not a rule."""
        slow = [f for f in merged(failures) if f.code == EngineTimedOut.code]
        if len(predicates) > 1 and sum(set(f.files) == set(files) for f in slow) == len(predicates):
            raise self._too_slow(predicates[0].source.table.name)

    def _too_slow(self, table: str) -> EngineTimedOut:
        return EngineTimedOut(
            "every query timed out, however few files and rules it had",
            where=table,
            fix="raise the engine's time or memory limit",
        )

    def _judge(self, query: FusedQuery, files: Files) -> None:
        try:
            result = self._run(query.sql, query.table, files)
        except EngineTransient:
            raise
        except EngineTimedOut as error:
            self.strikes += 1
            if self.strikes > STRIKES:
                raise self._too_slow(query.table.name) from error
            self._divide(query, files, error, parts=2)
        except QueryTooLarge as error:
            # The engine has not begun: dividing the rules would read every file once more for each.
            parts = max(2, -(-len(files) // error.fits)) if error.fits else 1
            self._divide(query, files, error, parts=parts)
        except EngineError as error:
            if not self._table_answers(query, files, error):
                return
            self._divide(query, files, error, parts=1)
        else:
            self.strikes = 0
            self.answering.add((query.table.name, files))
            self.done.bytes_scanned += result.bytes_scanned
            self.done.seconds += result.seconds
            self.sink(query, result)

    def _divide(self, query: FusedQuery, files: Files, error: EngineError, *, parts: int) -> None:
        """Judge fewer files at a time, or fewer rules where the files cannot be divided."""
        # By id: rules that stand together in a query are alike, and may be slow together.
        predicates = sorted(query.predicates, key=lambda p: p.rule.info.id)
        if parts > 1 and len(files) > 1:
            size = -(-len(files) // parts)
            for start in range(0, len(files), size):
                self._judge(query, files[start : start + size])
        elif len(predicates) == 1:
            self._fail(predicates, files, error)
        else:
            middle = len(predicates) // 2
            for half in (predicates[:middle], predicates[middle:]):
                for smaller in fuse(half, self.dialect, self.frame):
                    self._judge(smaller, files)

    def _table_answers(self, query: FusedQuery, files: Files, error: EngineError) -> bool:
        """Ask the table itself, so that a missing table does not cost one query for each rule."""
        if (query.table.name, files) in self.answering:
            return True
        probe = exp.select(quoted("event_id")).from_(_place(query.table)).limit(0)
        try:
            self._run(probe.sql(dialect=self.dialect.name), query.table, files)
        except EngineTransient:
            raise
        except EngineError:
            self._fail(query.predicates, files, error, EngineTransient.code)
            return False
        self.answering.add((query.table.name, files))
        return True

    def _fail(
        self, predicates: Sequence[Predicate], files: Files, error: EngineError, code: str = ""
    ) -> None:
        for predicate in predicates:
            table, rule_id = predicate.source.table.name, predicate.rule.info.id
            failure = RuleFailure(rule_id, code or error.code, str(error), table, files)
            self.done.failures.append(failure)

    def _run(self, sql: str, table: Table, files: Files) -> QueryResult:
        return ask(self.engine, sql, self.limits, self.beat, {table.name: files})


def _place(table: Table) -> exp.Table:
    return exp.Table(this=exp.to_identifier(table.name, quoted=True))


def merged(failures: Sequence[RuleFailure]) -> list[RuleFailure]:
    """Join failures of one rule on one table; files keep their order."""
    joined: dict[tuple[str, str], RuleFailure] = {}
    for failure in failures:
        key = (failure.rule_id, failure.table)
        before = joined.get(key)
        files = tuple(dict.fromkeys((*before.files, *failure.files))) if before else failure.files
        joined[key] = replace(before or failure, files=files)
    return list(joined.values())
