"""Expressions, checked as Trino checks them and written as DuckDB runs them.

`Values.value` takes a tree and a place and gives a typed `Value`, or refuses. Nothing is coerced
that Trino would not coerce.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from mantissa.ask.trino import special_time
from mantissa.ask.trino.arithmetic import arithmetic, calendar_day, check_escape, moment
from mantissa.ask.trino.casts import check_literal, coerced, converted, packed, zone_after
from mantissa.ask.trino.comparisons import compared, membership
from mantissa.ask.trino.duck import MAX_WEIGHT, Value, cast, fn, paren, text, weigh
from mantissa.ask.trino.kinds import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    MAX_PRECISION,
    UNKNOWN,
    VARCHAR,
    array,
    common,
    decimal,
    is_number,
    is_text,
    read_kind,
    row,
    timestamp,
    zoned,
)
from mantissa.ask.trino.scopes import SCOPE, Scope, member, resolve
from mantissa.errors import GuardRefused


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands.

    Args:
        no_aggregates: why none may stand here, or nothing.
        no_windows: the same of window functions.
        no_queries: the same of queries.
        tried: whether it stands inside `try`, where a failure is NULL.
    """

    scope: Scope
    no_aggregates: str = ""
    no_windows: str = ""
    no_queries: str = ""
    tried: bool = False


_COMPARED: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
_MARKS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
Reader = Callable[[Any, Place], Value]


class Values:
    """Compiles expressions; calls and queries are added by the classes that build on it."""

    def __init__(self) -> None:
        self._readers: dict[type[exp.Expr], Reader] = {
            exp.Literal: self._literal,
            exp.Null: lambda node, place: Value(exp.null(), UNKNOWN),
            exp.Boolean: lambda node, place: Value(node.copy(), BOOLEAN),
            exp.Paren: self._paren,
            exp.Column: self._column,
            exp.Dot: self._dot,
            exp.Var: self._moment,
            exp.Introducer: self._typed_literal,
            exp.Interval: lambda node, place: special_time.interval(node),
            exp.And: self._connected,
            exp.Or: self._connected,
            exp.Not: self._negated,
            exp.Is: self._is_null,
            exp.Between: self._between,
            exp.In: self._in,
            exp.Like: self._like,
            exp.Escape: self._like,
            exp.Neg: self._negative,
            exp.DPipe: self._joined,
            exp.Case: self._case,
            exp.Cast: self._cast,
            exp.TryCast: self._cast,
            exp.Array: self._array,
            exp.Tuple: lambda node, place: self.row(node.expressions, place),
            exp.Bracket: self._at,
            **dict.fromkeys(_COMPARED, self._compared),
            **dict.fromkeys(_MARKS, self._calculated),
        }

    def value(self, node: exp.Expr, place: Place) -> Value:
        """Return an expression with its type. Raises `GuardRefused`."""
        reader = self._readers.get(type(node))
        if reader is None:
            raise GuardRefused(f"{type(node).__name__} is not allowed here", code="syntax")
        found = reader(node, place)
        if isinstance(node, (exp.Anonymous, exp.Cast, exp.Case, exp.In, exp.Between)):
            check_weight(found.node)
        return found if found.source is node else replace(found, source=node)

    def condition(self, node: exp.Expr, place: Place) -> exp.Expr:
        """Return a boolean expression."""
        found = self.value(node, place)
        if found.kind.name not in ("boolean", "unknown"):
            raise GuardRefused(f"a condition is boolean, not {found.kind}", code="type")
        return coerced(found, BOOLEAN).node

    def same_kind(self, values: list[Value], what: str) -> list[Value]:
        """Bring values to one type. Raises `GuardRefused` (code `type`)."""
        kind = UNKNOWN
        for found in values:
            both = common(kind, found.kind)
            if both is None:
                raise GuardRefused(
                    f"{what} must have one type, not {kind} and {found.kind}",
                    code="type",
                    fix="CAST one of them",
                )
            kind = both
        return [coerced(found, kind) for found in values]

    def _literal(self, node: exp.Literal, place: Place) -> Value:
        written = str(node.this)
        if node.is_string:
            return Value(text(written), VARCHAR, source=node)
        if written.isdecimal():
            number = int(written)
            if number >= 2**63:
                raise GuardRefused("a whole number is too large", code="type")
            kind = INTEGER if number < 2**31 else BIGINT
            return Value(exp.Literal.number(number), kind, source=node)
        if "e" in written.lower():
            return Value(cast(text(written), DOUBLE), DOUBLE, source=node)
        whole, _, part = written.partition(".")
        whole = whole.lstrip("0")
        size = max(1, len(whole) + len(part))
        if size > MAX_PRECISION:
            raise GuardRefused("a decimal has too many digits", code="type")
        kind = decimal(size, len(part))
        return Value(cast(text(f"{whole or '0'}.{part or '0'}"), kind), kind, source=node)

    def _paren(self, node: exp.Paren, place: Place) -> Value:
        found = self.value(node.this, place)
        return replace(found, node=paren(found.node))

    def _column(self, node: exp.Column, place: Place) -> Value:
        found, scope = resolve(place.scope, node.name, node.table)
        for level in place.scope.around():
            if level is scope:
                break
            level.correlated = level.correlated or not level.is_lambda
        made = found.node.copy()
        for column in made.find_all(exp.Column):
            column.meta[SCOPE] = scope.number
        return Value(made, found.kind, nan=found.nan, rough=found.rough)

    def _dot(self, node: exp.Dot, place: Place) -> Value:
        base = self.value(node.this, place)
        if base.kind.name != "row":
            raise GuardRefused("only a row has fields", code="type")
        kind, made = member(base.kind, base.node, node.expression.name)
        return Value(made, kind)

    def _moment(self, node: exp.Var, place: Place) -> Value:
        moment = fn("date_trunc", text("millisecond"), fn("now"))
        if node.name == "CURRENT_TIMESTAMP":
            return Value(moment, zoned(3, "UTC"))
        shown = fn("timezone", text("UTC"), moment)
        if node.name == "CURRENT_DATE":
            return Value(cast(shown, DATE), DATE)
        return Value(shown, timestamp(3))

    def _typed_literal(self, node: exp.Introducer, place: Place) -> Value:
        name, written = node.this.name.lower(), node.expression.this
        if name == "timestamp":
            return moment(written)
        if name == "date":
            calendar_day(written)
            return Value(cast(text(written), DATE), DATE)
        kind = read_kind(name)
        given = Value(text(written), VARCHAR)
        if kind.name == "json":
            return Value(fn("mantissa_json_slow", given.node, text(""), text("parse")), kind)
        return Value(converted(given, kind, False), kind)

    def _connected(self, node: exp.Connector, place: Place) -> Value:
        """Compile a chain of ANDs or ORs without a level of calls for each."""
        kind = type(node)
        members: list[exp.Expr] = []
        rest: exp.Expr = node
        while isinstance(rest, kind):
            members.append(rest.args["expression"])
            rest = rest.this
        found = paren(self.condition(rest, place))
        for one in reversed(members):
            found = kind(this=found, expression=paren(self.condition(one, place)))
            found = exp.Paren(this=found) if len(members) < 8 else found
        return Value(found, BOOLEAN)

    def _negated(self, node: exp.Not, place: Place) -> Value:
        return Value(exp.Not(this=paren(self.condition(node.this, place))), BOOLEAN)

    def _is_null(self, node: exp.Is, place: Place) -> Value:
        found = self.value(node.this, place)
        return Value(exp.Is(this=paren(found.node), expression=exp.null()), BOOLEAN)

    def _compared(self, node: exp.Binary, place: Place) -> Value:
        if isinstance(node.expression, (exp.All, exp.Any)):
            raise GuardRefused("ALL and ANY take a query", code="syntax")
        mark = _COMPARED[type(node)]
        return compared(mark, self.value(node.this, place), self.value(node.expression, place))

    def _between(self, node: exp.Between, place: Place) -> Value:
        parts = [self.value(node.args[name], place) for name in ("this", "low", "high")]
        tests = [compared(">=", parts[0], parts[1]), compared("<=", _again(parts[0]), parts[2])]
        return Value(
            exp.Paren(this=exp.And(this=paren(tests[0].node), expression=paren(tests[1].node))),
            BOOLEAN,
        )

    def _in(self, node: exp.In, place: Place) -> Value:
        if not node.expressions:
            raise GuardRefused("IN takes a list or a query", code="syntax")
        members = [self.value(one, place) for one in node.expressions]
        return membership(self.value(node.this, place), members)

    def _like(self, node: exp.Expr, place: Place) -> Value:
        like = node.this if isinstance(node, exp.Escape) else node
        subject, pattern = (
            self.value(part, place) for part in (like.this, like.args["expression"])
        )
        if not is_text(subject.kind) or not is_text(pattern.kind):
            raise GuardRefused(f"LIKE is for text, not {subject.kind}", code="type")
        made: exp.Expr = exp.Like(this=paren(subject.node), expression=paren(pattern.node))
        if isinstance(node, exp.Escape):
            escape = self.value(node.args["expression"], place)
            check_escape(pattern.literal, escape.literal)
            made = exp.Escape(this=made, expression=escape.node)
        return Value(made, BOOLEAN)

    def _negative(self, node: exp.Neg, place: Place) -> Value:
        found = self.value(node.this, place)
        if not is_number(found.kind) and found.kind.name != "interval_day":
            raise GuardRefused(f"- is not for {found.kind}", code="type")
        return replace(found, node=exp.Paren(this=exp.Neg(this=paren(found.node))))

    def _joined(self, node: exp.DPipe, place: Place) -> Value:
        left, right = self.value(node.this, place), self.value(node.expression, place)
        kind = common(left.kind, right.kind)
        if kind is None or kind.name not in ("varchar", "array", "varbinary", "unknown"):
            raise GuardRefused(
                f"|| joins text with text, not {left.kind} with {right.kind}",
                code="type",
                fix="CAST(x AS varchar)",
            )
        kind = VARCHAR if kind == UNKNOWN else kind
        sides = [paren(coerced(side, kind).node) for side in (left, right)]
        return Value(exp.DPipe(this=sides[0], expression=sides[1]), kind)

    def _calculated(self, node: exp.Binary, place: Place) -> Value:
        mark = _MARKS[type(node)]
        left, right = self.value(node.this, place), self.value(node.expression, place)
        times = ("date", "timestamp", "timestamptz")
        if left.kind.name in times and right.kind.name.startswith("interval") and mark in "+-":
            return special_time.shifted(left, right, mark == "-")
        if right.kind.name in times and left.kind.name.startswith("interval") and mark == "+":
            return special_time.shifted(right, left, False)
        if left.kind.name in times and left.kind.name == right.kind.name and mark == "-":
            return special_time.between_times(left, right)
        if left.kind.name == right.kind.name == "interval_day" and mark in "+-":
            return Value(type(node)(this=paren(left.node), expression=paren(right.node)), left.kind)
        kind = common(left.kind, right.kind)
        if kind is None or not is_number(kind):
            raise GuardRefused(
                f"{left.kind} {mark} {right.kind} means nothing",
                code="type",
                fix="CAST one of them",
            )
        if mark in "/%" and right.number == 0 and kind != DOUBLE and not place.tried:
            raise GuardRefused("a division by zero", code="argument")
        return arithmetic(node, mark, left, right, kind)

    def _case(self, node: exp.Case, place: Place) -> Value:
        branches = [self.value(one.args["true"], place) for one in node.args["ifs"]]
        if node.args.get("default") is not None:
            branches.append(self.value(node.args["default"], place))
        branches = self.same_kind(branches, "the results of CASE")
        subject = self.value(node.this, place) if node.this is not None else None
        ifs = []
        for one, branch in zip(node.args["ifs"], branches, strict=False):
            if subject is None:
                test = self.condition(one.this, place)
            else:
                test = compared("=", _again(subject), self.value(one.this, place)).node
            ifs.append(exp.If(this=test, true=branch.node))
        default = branches[-1].node if len(branches) > len(ifs) else None
        return carried(Value(exp.Case(ifs=ifs, default=default), branches[0].kind), branches)

    def _cast(self, node: exp.Cast, place: Place) -> Value:
        found = self.value(node.this, place)
        kind = read_kind(node.args["to"].args["kind"])
        if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast) and not place.tried:
            check_literal(found.literal, kind)
        if kind != DOUBLE:
            check_exact(found)
        made = converted(found, kind, isinstance(node, exp.TryCast))
        nan = kind == DOUBLE and (found.nan or found.kind.name == "varchar")
        return Value(made, zone_after(found, kind), nan=nan, rough=found.rough)

    def _array(self, node: exp.Array, place: Place) -> Value:
        members = [self.value(one, place) for one in node.expressions]
        members = self.same_kind(members, "the members of an array")
        kind = members[0].kind if members else UNKNOWN
        return Value(fn("list_value", *(one.node for one in members)), array(kind))

    def row(self, nodes: list[exp.Expr], place: Place) -> Value:
        """Return a row of values without names."""
        parts = [self.value(one, place) for one in nodes]
        kind = row(("",) * len(parts), tuple(part.kind for part in parts))
        return Value(packed(kind, [part.node for part in parts]), kind)

    def _at(self, node: exp.Bracket, place: Place) -> Value:
        base, key = self.value(node.this, place), self.value(node.expressions[0], place)
        if base.kind.name == "map":
            wanted = base.kind.inner[0]
            if common(key.kind, wanted) != wanted:
                raise GuardRefused(f"the keys of this map are {wanted}", code="type")
            return Value(
                fn("mantissa_key", base.node, coerced(key, wanted).node), base.kind.inner[1]
            )
        if base.kind.name != "array" or key.kind.name not in ("integer", "bigint"):
            raise GuardRefused(f"{base.kind}[{key.kind}] means nothing", code="type")
        if key.number is not None and key.number < 1:
            raise GuardRefused("positions in an array begin at 1", code="argument")
        return Value(fn("mantissa_at", base.node, key.node), base.kind.inner[0])


def check_weight(node: exp.Expr) -> None:
    """Refuse an expression that grows out of hand (code `too_complex`)."""
    if weigh(node) > MAX_WEIGHT:
        raise GuardRefused(
            "an expression grows too large", code="too_complex", fix="use fewer nested calls"
        )


def check_exact(value: Value) -> None:
    """Refuse a number whose last digits the engines do not agree on (code `rough`)."""
    if value.rough:
        raise GuardRefused(
            "the last digits of this number are not the same on every engine",
            code="rough",
            fix="write round(…, 6)",
        )


def carried(value: Value, parts: Sequence[Value]) -> Value:
    """Return a value with what its parts say of NaN and of last digits."""
    nan, rough = any(p.nan for p in parts), any(p.rough for p in parts)
    return replace(value, nan=nan, rough=rough)


def _again(value: Value) -> Value:
    return replace(value, node=value.node.copy())
