"""All rules of one table in as few SELECTs as possible, each rule one bit of a bitmap column.

    SELECT … FROM (
      SELECT event_id, …, CASE WHEN "w$…" THEN CASE WHEN c0 THEN 1 ELSE 0 END + … END AS b0, …
      FROM (SELECT event_id, …, LOWER("commandline") AS "l$commandline", … FROM t WHERE …) AS base
    ) AS base WHERE b0 > 0 OR b0 < 0 OR …

Trino's compiler gives up on large expressions, so bitmaps are packed by bytes of SQL; how the
bitmaps are best asked for a bit is each dialect's own. Where a second look at the rows costs
nothing, rows that are alike are judged once (`alike.py`); where many words are looked for as fast
as one, rules wait behind gates (`gates.py`); where an engine judges each value of a column once,
what rules ask first is asked in a query of its own (`leading.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from mantissa.detection.alike import combinations, divided, looked_up, renamed
from mantissa.detection.dialects import Dialect
from mantissa.detection.gates import Group, Question, gate, grouped, readers_of_documents
from mantissa.detection.leading import Answers
from mantissa.detection.prepare import Predicate
from mantissa.detection.scope import OF_DOCUMENTS, Scope
from mantissa.detection.table import ENTITIES
from mantissa.detection.template import quoted
from mantissa.model import Table
from mantissa.sources.definition import Binding

BITMAP_BYTES = 1_500
BITMAP_RULES = 60
ENVELOPE = ("event_id", "event_time", "source_object")

Bitmap = tuple[Predicate, ...]


@dataclass(frozen=True)
class FusedQuery:
    """One SELECT that judges many rules.

    Args:
        bitmaps: column `b<i>` holds the i-th; bit n of it is its n-th predicate.
        shown: binding → the output column with its value.
    """

    table: Table
    sql: str
    bitmaps: tuple[Bitmap, ...]
    shown: dict[Binding, str]

    @property
    def predicates(self) -> tuple[Predicate, ...]:
        """Every predicate of the query, in order."""
        return tuple(predicate for bitmap in self.bitmaps for predicate in bitmap)


def _as_it_is(query: exp.Select, bitmaps: Sequence[Bitmap]) -> exp.Select:
    return query


@dataclass(frozen=True)
class Frame:
    """What a fused query looks at, and what is asked of the rows that it finds.

    Args:
        within: condition on the table's stored columns; None for every row.
        ask: (the fused query, its bitmaps) → the query to run.
    """

    within: exp.Expr | None = None
    ask: Callable[[exp.Select, Sequence[Bitmap]], exp.Select] = _as_it_is


BARE = Frame()


def fuse(
    predicates: Iterable[Predicate], dialect: Dialect, frame: Frame = BARE
) -> list[FusedQuery]:
    """Fuse predicates, table by table."""
    tables: dict[str, list[Predicate]] = {}
    for predicate in predicates:
        tables.setdefault(predicate.source.table.name, []).append(predicate)
    queries = []
    for group in tables.values():
        together, singly = divided(group) if dialect.reads_twice else ([], group)
        behind = _gated(together, dialect.question) if dialect.question else _plain(together)
        queries += [_query(chunk, dialect, frame, _by_tuple) for chunk in _chunks(behind, dialect)]
        readers, rest = readers_of_documents(singly) if dialect.question else ([], singly)
        for part, judge in ((readers, _by_passing), (rest, _by_row)):
            chunks = _chunks(_plain(part), dialect)
            queries += [_query(chunk, dialect, frame, judge) for chunk in chunks]
    return queries


def _gated(predicates: Sequence[Predicate], question: Question) -> Iterator[Group]:
    """Pack predicates into bitmaps by the words they need."""
    for group in grouped(predicates, question):
        for start in range(0, len(group.predicates), BITMAP_RULES):
            yield replace(group, predicates=group.predicates[start : start + BITMAP_RULES])


def _plain(predicates: Sequence[Predicate]) -> Iterator[Group]:
    yield from map(Group, _pack(predicates))


def _pack(predicates: Sequence[Predicate]) -> Iterator[Bitmap]:
    """Pack predicates of one log source into bitmaps, by bytes and number."""
    ordered = sorted(predicates, key=lambda p: (p.belongs or "", p.rule.info.id))
    bitmap: list[Predicate] = []
    size = 0
    for predicate in ordered:
        full = size + predicate.remaining > BITMAP_BYTES or len(bitmap) == BITMAP_RULES
        if bitmap and (full or bitmap[0].belongs != predicate.belongs):
            yield tuple(bitmap)
            bitmap, size = [], 0
        bitmap.append(predicate)
        size += predicate.remaining
    if bitmap:
        yield tuple(bitmap)


def _chunks(groups: Iterable[Group], dialect: Dialect) -> Iterator[tuple[Group, ...]]:
    """Split groups, a bitmap each, into queries that stay under the limits of an engine."""
    chunk: list[Group] = []
    tests: dict[str, int] = {}
    size = rules = 0
    for group in groups:
        cost, count, asked = _cost(group), len(group.predicates), _tests(group)
        whole = size + cost + sum((tests | asked).values())
        if chunk and (whole > dialect.most_text or rules + count > dialect.most_rules):
            yield tuple(chunk)
            chunk, tests, size, rules = [], {}, 0, 0
        chunk.append(group)
        tests |= asked
        size += cost
        rules += count
    if chunk:
        yield tuple(chunk)


def _tests(group: Group) -> dict[str, int]:
    """Return the bytes of each leading test of a bitmap's rules."""
    tests = (p.led.tests for p in group.predicates if p.led)
    return {name: test.size for each in tests for name, test in each.items()}


def _cost(group: Group) -> int:
    """Estimate a bitmap's bytes in the query, with the derived columns it may be first to need."""
    bitmap = group.predicates
    derived = {name: e for p in bitmap for name, e in p.derived.items()}
    own = sum(len(name) + len(e.sql()) + 8 for name, e in derived.items() if name[:2] != "l$")
    own += sum(p.remaining + 60 + 40 * len(p.bindings) for p in bitmap)
    return own + 120 + group.size


def _query(groups: tuple[Group, ...], dialect: Dialect, frame: Frame, judge: _Judge) -> FusedQuery:
    bitmaps = tuple(group.predicates for group in groups)
    predicates = [predicate for bitmap in bitmaps for predicate in bitmap]
    table = predicates[0].source.table
    kept = [*ENVELOPE, *(name for name in ENTITIES if table.column(name))]
    scope = Scope(dialect)
    names = _shown(predicates)
    values = [_named(_value(b, scope), name) for b, name in names.items()]
    shown = _Shown([*(quoted(name) for name in kept), *values], scope.derived)
    query = frame.ask(judge(groups, shown, dialect, frame.within), bitmaps)
    return FusedQuery(table, query.sql(dialect=dialect.name, copy=False), bitmaps, names)


@dataclass(frozen=True)
class _Shown:
    """The output columns of a match, and the derived columns that they use."""

    values: list[exp.Expr]
    derived: Mapping[str, exp.Expr]


_Judge = Callable[[Sequence[Group], _Shown, Dialect, exp.Expr | None], exp.Select]
"""Builds the query of (groups, what to show, dialect, which rows)."""


def _by_row(
    groups: Sequence[Group], shown: _Shown, dialect: Dialect, within: exp.Expr | None
) -> exp.Select:
    """Judge every row."""
    derived = {**_derived(groups), **shown.derived}
    base = _within(_select(*_base(_table(groups), _asked(groups), shown.values, derived)), within)
    answers = Answers(p.led for group in groups for p in group.predicates if p.led)
    bitmaps = [_named(exp.Var(this=bits), name) for name, bits in answers.columns]
    place = _select([exp.Star(), *bitmaps], base) if bitmaps else base
    outer = [*shown.values, *_sums(groups, answers)]
    return _matching(_select(outer, place), groups, dialect)


def _by_passing(
    groups: Sequence[Group], shown: _Shown, dialect: Dialect, within: exp.Expr | None
) -> exp.Select:
    """Judge the rows that pass the rules' common gate, and read no other row's documents."""
    if dialect.question is None:
        raise TypeError(f"{dialect.name} has no gates")
    every = [predicate for group in groups for predicate in group.predicates]
    derived = {**_derived(groups), **shown.derived}
    columns, place = _base(_table(groups), _asked(groups), shown.values, derived)
    early = [c for c in columns if not c.alias.startswith(OF_DOCUMENTS)]
    late = [c for c in columns if c.alias.startswith(OF_DOCUMENTS)]
    passing = _select([exp.Star(), *late], _within(_select(early, place), within))
    passing.set("where", exp.Where(this=gate(every, dialect.question)))
    return _matching(_select([*shown.values, *_sums(groups)], passing), groups, dialect)


def _by_tuple(
    groups: Sequence[Group], shown: _Shown, dialect: Dialect, within: exp.Expr | None
) -> exp.Select:
    """Judge what rows look like to the rules, then find the rows that look so."""
    table, derived = _table(groups), _derived(groups)
    asked = sorted(_asked(groups))
    found, place = _base(table, asked, shown.values, shown.derived)
    seen = combinations(asked, place.copy(), within)
    added = [_named(e.copy(), name) for name, e in sorted(derived.items())]
    tests = _with_gates(_select([*map(quoted, asked), *added], seen), groups)
    judged = _matching(_select([*renamed(asked), *_sums(groups)], tests), groups, dialect)
    base = _within(_select(found, place), within)
    columns = [quoted(f"b{i}") for i in range(len(groups))]
    rows = looked_up(_select([*shown.values, *columns], base), judged, asked)
    return _select([exp.Star()], rows)


def _within(query: exp.Select, within: exp.Expr | None) -> exp.Select:
    if within is not None:
        query.set("where", exp.Where(this=within.copy()))
    return query


def _table(groups: Sequence[Group]) -> Table:
    return groups[0].predicates[0].source.table


def _derived(groups: Sequence[Group]) -> dict[str, exp.Expr]:
    return {n: e for group in groups for p in group.predicates for n, e in p.derived.items()}


def _asked(groups: Sequence[Group]) -> set[str]:
    """Return the stored columns that decide whether a row matches any rule."""
    return {name for group in groups for p in group.predicates for name in p.columns}


def _with_gates(base: exp.Select, groups: Sequence[Group]) -> exp.Select:
    """Add the answers of the gates, each once."""
    gates = {group.name: group.test for group in groups if group.name and group.test}
    if not gates:
        return base
    return _select([exp.Star(), *(_named(test.copy(), n) for n, test in gates.items())], base)


def _sums(groups: Sequence[Group], answers: Answers | None = None) -> list[exp.Expr]:
    return [_named(_bits(group, answers), f"b{i}") for i, group in enumerate(groups)]


def _matching(query: exp.Select, groups: Sequence[Group], dialect: Dialect) -> exp.Select:
    """Keep what has a bit in any bitmap."""
    kept = _select([exp.Star()], query)
    columns = [f"b{i}" for i in range(len(groups))]
    kept.set("where", exp.Where(this=dialect.any_bit(columns)))
    return kept


def _named(value: exp.Expr, name: str) -> exp.Expr:
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def _select(columns: Sequence[exp.Expr], place: exp.Expr) -> exp.Select:
    """Build a SELECT from a table or another SELECT, without copying what may be large."""
    if isinstance(place, exp.Select):
        place = exp.Subquery(this=place, alias=exp.TableAlias(this=exp.to_identifier("base")))
    select = exp.Select(expressions=list(columns))
    select.set("from_", exp.From(this=place))
    return select


def _shown(predicates: Sequence[Predicate]) -> dict[Binding, str]:
    """Number the fields to show with findings."""
    bindings = dict.fromkeys(b for p in predicates for b in p.shown)
    return {binding: f"f{number}" for number, binding in enumerate(bindings)}


def _value(binding: Binding, scope: Scope) -> exp.Expr:
    if not binding.path:
        return quoted(binding.column)
    return scope.dialect.first_value(scope.values(binding, lowered=False))


def _base(
    table: Table,
    asked: Iterable[str],
    values: Sequence[exp.Expr],
    derived: Mapping[str, exp.Expr],
) -> tuple[list[exp.Expr], exp.Expr]:
    """Return what the inner query selects: the stored columns that are used, the derived ones."""
    used = {c.name for e in (*values, *derived.values()) for c in e.find_all(exp.Column)}
    used.update(asked)
    stored = [quoted(column.name) for column in table.columns if column.name in used]
    added = [_named(e.copy(), name) for name, e in sorted(derived.items())]
    return [*stored, *added], exp.Table(this=exp.to_identifier(table.name, quoted=True))


def _bits(group: Group, answers: Answers | None) -> exp.Expr:
    # The conditions were written once already, when they were compiled.
    texts = [answers.filled(p.led) if answers and p.led else p.text for p in group.predicates]
    bits = [_when(exp.Var(this=text), 1 << place) for place, text in enumerate(texts)]
    total = bits[0]
    for bit in bits[1:]:
        total = exp.Add(this=total, expression=bit)
    for condition in (group.name, group.predicates[0].belongs):
        total = total if condition is None else _when(quoted(condition), total)
    return total


def _when(condition: exp.Expr, value: int | exp.Expr) -> exp.Expr:
    result = exp.Literal.number(value) if isinstance(value, int) else value
    case = exp.If(this=condition, true=result)
    return exp.Case(ifs=[case], default=exp.Literal.number(0))
