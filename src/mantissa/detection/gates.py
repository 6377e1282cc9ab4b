"""One cheap question before many rules: does the row hold any word that one of them needs?

Nearly every rule needs one of a few words in one column: `whoami` in a command line, `\\psexec.exe`
at the end of an image. A row that has none of the words of thirty rules matches none of the thirty,
and RE2 looks for all their words in one pass over the text. So rules are put together by the words
they need, and asked only of rows that pass:

    CASE WHEN "g$…" THEN CASE WHEN c0 THEN 1 ELSE 0 END + … ELSE 0 END

A gate is always a consequence of each of its rules' conditions, never more than that. Rare words
make good gates; how rare a word is in logs is guessed from its length and from how many rules ask
for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256

from sqlglot import exp

from mantissa.detection.pattern import Pattern, Wild
from mantissa.detection.prepare import Predicate
from mantissa.detection.scope import OF_DOCUMENTS
from mantissa.detection.template import any_of, quoted

Word = tuple[str, str]
"""(column, RE2 expression to be searched in it)."""
Need = frozenset[Word]
"""A row that the rule matches has at least one of these words."""
Pool = list[tuple[float, str, Predicate, Need]]
"""(weight, rule, its predicate, what it needs)."""
Question = Callable[[exp.Expr, Sequence[str]], exp.Expr]
"""(text, RE2 expressions) → whether any of them is found; `.` matches newlines."""

FEWEST = 8
"""Rules for which a gate is worth asking."""
USUAL = 16
"""Rules behind one gate, unless their words are rare."""
OPEN = 1.0
"""Sum of weights up to which a gate stays closed for most rows."""
WIDTH = 0.5
"""Weight that a need may be lighter by for every column more that it looks into."""
BYTES = 30_000
"""Of one gate's words."""


@dataclass(frozen=True)
class Group:
    """Rules of one log source, behind one gate if it has a test."""

    predicates: tuple[Predicate, ...]
    test: exp.Expr | None = None

    @cached_property
    def name(self) -> str | None:
        """The derived column that holds the gate's answer."""
        return f"g${sha256(self._text.encode()).hexdigest()[:12]}" if self.test else None

    @property
    def size(self) -> int:
        """Bytes of the gate's SQL."""
        return len(self._text.encode())

    @cached_property
    def _text(self) -> str:
        return self.test.sql() if self.test else ""


def grouped(predicates: Sequence[Predicate], question: Question) -> Iterator[Group]:
    """Put the predicates of one table into groups, those that need alike words together."""
    weights = Weights(predicates)
    pools: dict[tuple[str, tuple[str, ...]], Pool] = {}
    ungated: dict[str, list[Predicate]] = {}
    for predicate in predicates:
        need = weights.best(predicate.condition)
        source = predicate.belongs or ""
        if need is None:
            ungated.setdefault(source, []).append(predicate)
        else:
            entry = (weights.of(need), predicate.rule.info.id, predicate, need)
            pools.setdefault((source, _columns(need)), []).append(entry)
    for source, pool in _joined(pools):
        for run in _runs(sorted(pool, key=lambda entry: entry[:2])):
            members = tuple(predicate for *_, predicate, _ in run)
            if len(members) < FEWEST:
                ungated.setdefault(source, []).extend(members)
            else:
                yield Group(members, _test((need for *_, need in run), question))
    for _, rest in sorted(ungated.items()):
        yield Group(tuple(sorted(rest, key=lambda p: p.rule.info.id)))


def readers_of_documents(
    predicates: Sequence[Predicate],
) -> tuple[list[Predicate], list[Predicate]]:
    """Divide predicates into those that read documents and need a word elsewhere, and the rest.

    Reading a document costs more than all other tests of a row, so a gate before it always pays.
    """
    weights = Weights(predicates)
    reading = [
        predicate
        for predicate in predicates
        if any(name.startswith(OF_DOCUMENTS) for name in predicate.derived)
        and weights.best(predicate.condition) is not None
    ]
    if len(reading) < FEWEST:
        return [], list(predicates)
    found = {id(predicate) for predicate in reading}
    return reading, [predicate for predicate in predicates if id(predicate) not in found]


def gate(predicates: Sequence[Predicate], question: Question) -> exp.Expr:
    """Return one gate for predicates that all need a word."""
    weights = Weights(predicates)
    needs = [weights.best(predicate.condition) for predicate in predicates]
    return _test((need for need in needs if need is not None), question)


def _joined(pools: dict[tuple[str, tuple[str, ...]], Pool]) -> Iterator[tuple[str, Pool]]:
    """Pools that are large enough; the small ones of a log source together."""
    small: dict[str, Pool] = {}
    for (source, _), pool in sorted(pools.items()):
        if len(pool) >= USUAL:
            yield source, pool
        else:
            small.setdefault(source, []).extend(pool)
    yield from small.items()


def _runs(pool: Pool) -> Iterator[Pool]:
    """Cut a pool, ordered by weight, where a gate would be open too often or grow too long."""
    run: Pool = []
    weight = size = 0.0
    for entry in pool:
        words = sum(len(word) for _, word in entry[3])
        if run and (size + words > BYTES or (len(run) >= USUAL and weight + entry[0] > OPEN)):
            yield run
            run, weight, size = [], 0.0, 0.0
        run.append(entry)
        weight += entry[0]
        size += words
    if run:
        yield run


def _test(needs: Iterable[Need], question: Question) -> exp.Expr:
    columns: dict[str, set[str]] = {}
    for column, word in (word for need in needs for word in need):
        columns.setdefault(column, set()).add(word)
    return any_of([question(quoted(c), sorted(words)) for c, words in sorted(columns.items())])


def _columns(need: Need) -> tuple[str, ...]:
    return tuple(sorted({column for column, _ in need}))


class Weights:
    """How often a word will be seen, guessed: 0 never, 1 about always."""

    def __init__(self, predicates: Iterable[Predicate]) -> None:
        self._asked: Counter[Word] = Counter()
        for predicate in predicates:
            self._asked.update(set(_words(predicate.condition)))

    def of(self, need: Need) -> float:
        """Return the weight of a need."""
        return sum(self._asked[word] / max(_length(word[1]), 1) ** 2 for word in need)

    def best(self, condition: exp.Expr) -> Need | None:
        """Return the need of a condition that makes the best gate; None if it needs no word."""
        return min(self._needs(condition), key=self._rank, default=None)

    def _rank(self, need: Need) -> tuple[float, list[Word]]:
        return self.of(need) + WIDTH * (len(_columns(need)) - 1), sorted(need)

    def _needs(self, test: exp.Expr) -> list[Need]:
        """List what a condition needs, each sufficient as a gate."""
        match test:
            case exp.Paren():
                return self._needs(test.this)
            case exp.Coalesce(expressions=[exp.Boolean(this=False)]):
                return self._needs(test.this)
            case exp.And():
                return [need for part in test.flatten() for need in self._needs(part)]
            case exp.Or():
                return self._either([self._needs(part) for part in test.flatten()])
        words = _word(test)
        return [frozenset(words)] if words else []

    def _either(self, parts: Sequence[Sequence[Need]]) -> list[Need]:
        """Join one need of every branch: the lightest of all, and the lightest in each column."""
        if not all(parts):
            return []
        found = [self._lightest(parts)]
        for columns in {_columns(need) for need in parts[0]}:
            narrow = [[need for need in part if _columns(need) == columns] for part in parts]
            if all(narrow):
                found.append(self._lightest(narrow))
        return found

    def _lightest(self, parts: Sequence[Sequence[Need]]) -> Need:
        return frozenset().union(*(min(part, key=self._rank) for part in parts))


def _words(test: exp.Expr) -> Iterator[Word]:
    """Yield the words of every test in a condition, negated or not."""
    found = _word(test)
    if found:
        yield from found
    else:
        for part in test.iter_expressions():
            yield from _words(part)


def _word(test: exp.Expr) -> list[Word]:
    """Return the words of one test on one text column; none for any other test."""
    match test:
        case exp.Like(this=exp.Column(), expression=exp.Literal(is_string=True)):
            return [(test.this.name, _pattern(test.expression.name).regex)]
        case exp.EQ(this=exp.Column(), expression=exp.Literal(is_string=True)):
            return _whole(test.this, [test.expression])
        case exp.In(this=exp.Column()):
            return _whole(test.this, test.expressions)
        case exp.Anonymous(expressions=[exp.Column() as column, exp.Literal() as literal]):
            return [(column.name, word) for word in _CALLS.get(test.name, _no_words)(literal.name)]
    return []


def _whole(column: exp.Column, values: Sequence[exp.Expr]) -> list[Word]:
    """Return the words of an equality; only lowered columns are known to be texts."""
    texts = [value for value in values if isinstance(value, exp.Literal) and value.is_string]
    if not column.name.startswith("l$") or len(texts) != len(values):
        return []
    return [(column.name, Pattern((text.name,), cased=True).regex) for text in texts]


def _pattern(like: str) -> Pattern:
    """Read a LIKE pattern without ESCAPE."""
    parts: list[str | Wild] = []
    for char in like:
        part: str | Wild = _WILD.get(char, char)
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        elif part is not Wild.MANY or not parts or parts[-1] is not Wild.MANY:
            parts.append(part)
    return Pattern(tuple(parts), cased=True)


_WILD = {wild.value: wild for wild in Wild}


def _contained(text: str) -> list[str]:
    return [Pattern((Wild.MANY, text, Wild.MANY), cased=True).regex] if text else []


def _alternatives(expression: str) -> list[str]:
    """Divide an alternation of literals and wildcards; what has groups, classes or flags is none."""
    head, body = expression[:4], expression[4:]
    if head != "(?s)":
        return []
    found, start, escaped = [], 0, False
    for place, char in enumerate(body):
        if escaped:
            escaped = False
            if char.isalnum():
                return []
        elif char == "\\":
            escaped = True
        elif char in "()[]{}?+":
            return []
        elif char == "|":
            found.append(body[start:place])
            start = place + 1
    found.append(body[start:])
    return found if all(found) else []


def _no_words(_text: str) -> list[str]:
    return []


_CALLS: dict[str, Callable[[str], list[str]]] = {
    "CONTAINS": _contained,
    "REGEXP_MATCHES": _alternatives,
}


@lru_cache(maxsize=65_536)
def _length(word: str) -> int:
    """Count the characters of a word's longest piece without wildcards."""
    pieces = word.strip("^$").replace(".*", "\0").replace("\\.", "\1").replace(".", "\0")
    return max(len(piece.replace("\\\\", "\1").replace("\\", "")) for piece in pieces.split("\0"))
