"""Calls of functions, aggregates and window functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from mantissa.ask.trino import special, special_aggregate, special_list, special_time
from mantissa.ask.trino.casts import coerced
from mantissa.ask.trino.duck import Value, case, filled, fn, paren
from mantissa.ask.trino.kinds import UNKNOWN, Kind, orderable
from mantissa.ask.trino.scopes import AGGREGATE, Field, Scope
from mantissa.ask.trino.shapes import Shape, ignoring, over_window, steps, wrapped
from mantissa.ask.trino.signatures import (
    Env,
    Signature,
    binds,
    choose,
    lambda_parts,
    overloads,
    result_kind,
    wanted,
)
from mantissa.ask.trino.values import Place, Values, carried
from mantissa.errors import GuardRefused

_SPECIALS = {**special.SPECIALS, **special_list.SPECIALS, **special_time.SPECIALS}
_NAN = frozenset(("nan", "sqrt", "ln", "log2", "log10", "power", "pow", "asin", "acos"))
_KEEPS_NAN = frozenset(("abs", "ceil", "ceiling", "floor", "round", "truncate", "sign", "cbrt"))
_NO_OVER = "it needs OVER (…)"


class Invocations(Values):
    """Compiles calls."""

    def __init__(self) -> None:
        super().__init__()
        self._counter = 0
        self.windows: list[dict[str, exp.Window]] = []
        self._readers |= {
            exp.Anonymous: self._call,
            exp.Filter: self._aggregate,
            exp.WithinGroup: self._aggregate,
            exp.Window: self._window,
            exp.Extract: self._extract,
        }
        self._forms: dict[str, Callable[[exp.Anonymous, Place], Value]] = {
            "if": self._if,
            "coalesce": self._coalesce,
            "nullif": self._nullif,
            "try": self._try,
            "row": lambda node, place: self.row(node.expressions, place),
            "grouping": self._grouping,
            "mantissa_cidr": lambda node, place: self._plain(node, place),
        }

    def _call(self, node: exp.Anonymous, place: Place) -> Value:
        name = node.name.lower()
        if form := self._forms.get(name):
            return form(node, place)
        group = overloads(name)[0].group
        if group == "window":
            raise GuardRefused(f"{name}: {_NO_OVER}", code="window")
        return self._aggregate(node, place) if group == "aggregate" else self._plain(node, place)

    def _plain(self, node: exp.Anonymous, place: Place) -> Value:
        for argument in node.expressions:
            if isinstance(argument, (exp.Distinct, exp.Order, exp.Star)):
                raise GuardRefused(f"{node.name.lower()} is no aggregate", code="function")
        signature, values, env = self._arguments(node.name.lower(), node.expressions, place)
        return self._rendered(signature, values, env)

    def _rendered(self, signature: Signature, values: list[Value], env: Env) -> Value:
        kinds = tuple(value.kind for value in values)
        rule = signature.result
        kind = special.whole_decimal(kinds) if rule == "@whole" else UNKNOWN
        if not rule.startswith("@"):
            kind = result_kind(rule, env, kinds)
        if signature.render.startswith("@"):
            made = _SPECIALS[signature.render[1:]](
                special.Call(signature.name, tuple(values), kind)
            )
        else:
            made = filled(signature.render, *(value.node for value in values))
        rough = _is_rough(signature, values)
        if isinstance(made, Value):
            return replace(made, rough=rough)
        return Value(made, kind, nan=_may_be_nan(signature.name, values), rough=rough)

    def _arguments(
        self, name: str, nodes: list[exp.Expr], place: Place
    ) -> tuple[Signature, list[Value], Env]:
        """Compile arguments, lambdas after the others, and bring them to the signature's types."""
        given = [None if isinstance(n, exp.Lambda) else self.value(n, place) for n in nodes]
        signature, env = choose(name, [None if value is None else value.kind for value in given])
        patterns = signature.patterns(len(nodes)) or ()
        values: list[Value] = []
        for pattern, node, value in zip(patterns, nodes, given, strict=True):
            if value is None:
                values.append(self._lambda(node, pattern, env, place))
            else:
                values.append(coerced(value, wanted(pattern, value.kind, env)))
        return signature, values, env

    def _lambda(self, node: exp.Expr, pattern: str, env: Env, place: Place) -> Value:
        parameters, result = lambda_parts(pattern)
        if not isinstance(node, exp.Lambda) or len(node.expressions) != len(parameters):
            raise GuardRefused(f"this lambda takes {len(parameters)} names", code="type")
        fields, names = [], []
        for identifier, parameter in zip(node.expressions, parameters, strict=True):
            self._counter += 1
            name = f"{identifier.name.lower()}_{self._counter}"
            inner = exp.column(exp.to_identifier(name, quoted=True))
            fields.append(Field(identifier.name, result_kind(parameter, env, ()), inner))
            names.append(exp.to_identifier(name, quoted=True))
        why = "not inside a lambda"
        inside = Place(Scope(fields, place.scope, is_lambda=True), why, why, why)
        body = self.value(node.this, inside)
        if not binds(result, body.kind, env):
            raise GuardRefused(f"this lambda gives {result}, not {body.kind}", code="type")
        body = body if len(result) == 1 else coerced(body, wanted(result, body.kind, env))
        return Value(exp.Lambda(this=body.node, expressions=names), body.kind)

    def _if(self, node: exp.Anonymous, place: Place) -> Value:
        if len(node.expressions) not in (2, 3):
            raise GuardRefused("if takes two or three arguments", code="type")
        test = self.condition(node.expressions[0], place)
        branches = [self.value(one, place) for one in node.expressions[1:]]
        branches = self.same_kind(branches, "the results of if")
        default = branches[1].node if len(branches) > 1 else None
        made = case((test, branches[0].node), default=default)
        return carried(Value(made, branches[0].kind), branches)

    def _coalesce(self, node: exp.Anonymous, place: Place) -> Value:
        if len(node.expressions) < 2:
            raise GuardRefused("coalesce takes two arguments or more", code="type")
        values = [self.value(one, place) for one in node.expressions]
        values = self.same_kind(values, "the arguments of coalesce")
        made = exp.Coalesce(this=values[0].node, expressions=[value.node for value in values[1:]])
        return carried(Value(made, values[0].kind), values)

    def _nullif(self, node: exp.Anonymous, place: Place) -> Value:
        from mantissa.ask.trino.comparisons import compared

        if len(node.expressions) != 2:
            raise GuardRefused("nullif takes two arguments", code="type")
        first, second = (self.value(one, place) for one in node.expressions)
        test = compared("=", replace(first, node=first.node.copy()), second).node
        return Value(
            case((test, exp.null()), default=first.node),
            first.kind,
            nan=first.nan,
            rough=first.rough,
        )

    def _try(self, node: exp.Anonymous, place: Place) -> Value:
        if len(node.expressions) != 1:
            raise GuardRefused("try takes one argument", code="type")
        why = "not inside try"
        inside = replace(place, no_windows=why, no_aggregates=why, tried=True)
        found = self.value(node.expressions[0], inside)
        if found.node.find(exp.Query):
            raise GuardRefused("no query inside try", code="syntax")
        return replace(found, node=fn("try", found.node))

    def _grouping(self, node: exp.Anonymous, place: Place) -> Value:
        if place.no_aggregates:
            raise GuardRefused(f"grouping: {place.no_aggregates}", code="aggregate")
        values = [self.value(one, place) for one in node.expressions]
        made = fn("grouping", *(value.node for value in values))
        made.meta[AGGREGATE] = True
        return Value(exp.Cast(this=made, to=exp.DataType.build("INTEGER")), Kind("integer"))

    def _extract(self, node: exp.Extract, place: Place) -> Value:
        name = node.this.name.lower()
        return self._plain(exp.Anonymous(this=name, expressions=[node.expression]), place)

    def _aggregate(self, node: exp.Expr, place: Place, over: exp.Window | None = None) -> Value:
        """Compile an aggregate with its DISTINCT, ORDER BY, FILTER and, for a window, OVER."""
        shape = Shape(node)
        name = shape.call.name.lower()
        if shape.call.name.lower() in self._forms or overloads(name)[0].group == "scalar":
            raise GuardRefused(f"{name} is no aggregate", code="aggregate")
        if place.no_aggregates and over is None:
            raise GuardRefused(f"{name}: {place.no_aggregates}", code="aggregate")
        inner = place if over is not None else _inside_aggregate(place)
        arguments = [] if isinstance(shape.first, exp.Star) else shape.arguments
        signature, values, env = self._arguments(name, arguments, inner)
        order = self._orders(shape.order, inner)
        self._check_order(shape, values, order, over)
        condition = None if shape.filter is None else self.condition(shape.filter, inner)
        window = None if over is None else self._frame(over, place)

        def wrap(bare: exp.Expr) -> exp.Expr:
            return wrapped(bare, shape.distinct, order, condition, window)

        kept = (shape.distinct, condition is not None, window is not None)
        return self._finished((signature, values, env), wrap, kept)

    def _finished(
        self,
        chosen: tuple[Signature, list[Value], Env],
        wrap: Callable[[exp.Expr], exp.Expr],
        kept: tuple[bool, bool, bool],
    ) -> Value:
        """Return a call put together; `kept` says whether it has DISTINCT, FILTER and OVER."""
        signature, values, env = chosen
        kinds = tuple(value.kind for value in values)
        rule = signature.result
        kind = UNKNOWN if rule.startswith("@") else result_kind(rule, env, kinds)
        call = special.Call(signature.name, tuple(values), kind)
        if signature.render.startswith("@"):
            pieces = special_aggregate.Pieces(call, wrap, *kept)
            made = special_aggregate.SPECIALS[signature.render[1:]](pieces)
        else:
            made = wrap(filled(signature.render, *(value.node for value in values)))
        if isinstance(made, Value):
            return made
        nan = kind.name == "double" and signature.name not in _NOT_NAN
        nan = nan or any(value.nan for value in values)
        return Value(made, kind, nan=nan, rough=_is_rough(signature, values))

    def _orders(self, order: exp.Order | None, place: Place) -> list[exp.Ordered]:
        found = []
        for one in order.expressions if order is not None else ():
            value = self.value(one.this, place)
            if not orderable(value.kind) or value.kind.inner:
                raise GuardRefused(f"{value.kind} has no order", code="type")
            found.append(
                exp.Ordered(
                    this=value.node, desc=one.args["desc"], nulls_first=one.args["nulls_first"]
                )
            )
        return found

    def _check_order(
        self, shape: Shape, values: list[Value], order: list[exp.Ordered], over: exp.Window | None
    ) -> None:
        if shape.distinct and order and any(o.this != values[0].node for o in order):
            raise GuardRefused("with DISTINCT, ORDER BY names the argument", code="aggregate")
        if over is not None and (shape.distinct or order):
            raise GuardRefused("no DISTINCT or ORDER BY together with OVER", code="window")

    def _window(self, node: exp.Window, place: Place) -> Value:
        if place.no_windows:
            raise GuardRefused(f"a window function: {place.no_windows}", code="window")
        over = self._named(node)
        call = over.this
        nulls = isinstance(call, exp.IgnoreNulls)
        call = call.this if nulls else call
        bare = call if isinstance(call, exp.Anonymous) else None
        inside = replace(place, no_windows="not inside another one")
        if bare is None or overloads(bare.name.lower())[0].group != "window":
            if nulls:
                raise GuardRefused("IGNORE NULLS is for lag, lead and the values", code="window")
            return self._aggregate(call, inside, over)
        signature, values, env = self._arguments(bare.name.lower(), bare.expressions, inside)
        if nulls and not values:
            raise GuardRefused("IGNORE NULLS is for lag, lead and the values", code="window")
        window = self._frame(over, place)

        def wrap(made: exp.Expr) -> exp.Expr:
            return over_window(ignoring(made) if nulls else made, window)

        return self._finished((signature, values, env), wrap, (False, False, True))

    def _named(self, node: exp.Window) -> exp.Window:
        alias = node.args.get("alias")
        if alias is None:
            return node
        for known in reversed(self.windows):
            if alias.name.lower() in known:
                made = known[alias.name.lower()].copy()
                made.set("this", node.this.copy())
                return made
        raise GuardRefused(f"no window {alias.name} here", code="window")

    def _frame(self, over: exp.Window, place: Place) -> exp.Window:
        inside = replace(place, no_windows="not inside another one")
        parts = [self.value(one, inside).node for one in over.args.get("partition_by") or ()]
        order = self._orders(over.args.get("order"), inside)
        spec = over.args.get("spec")
        return exp.Window(
            partition_by=parts,
            order=exp.Order(expressions=order) if order else None,
            spec=self._spec(spec, order, over, inside) if spec else None,
        )

    def _spec(
        self, spec: exp.WindowSpec, order: list[exp.Ordered], over: exp.Window, place: Place
    ) -> exp.WindowSpec:
        made = spec.copy()
        for side in ("start", "end"):
            bound = spec.args[side]
            if isinstance(bound, str):
                continue
            value = self.value(bound, place)
            if spec.args["kind"] == "ROWS":
                if value.number is None:
                    raise GuardRefused("a frame of ROWS takes a whole number", code="window")
            elif len(order) != 1 or not steps(self._ordered_by(over, place), value):
                raise GuardRefused("RANGE takes a step of what it is ordered by", code="window")
            made.set(side, paren(value.node))
        return made

    def _ordered_by(self, over: exp.Window, place: Place) -> Value:
        return self.value(over.args["order"].expressions[0].this, place)


def _inside_aggregate(place: Place) -> Place:
    why = "not inside an aggregate"
    return Place(place.scope, why, why, place.no_queries)


_NOT_NAN = frozenset(("avg", "sum", "min", "max", "percent_rank", "cume_dist", "lag", "lead"))


def _is_rough(signature: Signature, values: list[Value]) -> bool:
    if signature.name == "round":
        return False
    return not signature.exact or any(value.rough for value in values)


def _may_be_nan(name: str, values: list[Value]) -> bool:
    return name in _NAN or (name in _KEEPS_NAN and any(value.nan for value in values))
