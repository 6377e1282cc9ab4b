"""Trino's expressions as sqlglot trees: the grammar of SqlBase.g4, by recursive descent.

Every call is an `exp.Anonymous` with its name and arguments as written: what a function is, is the
business of `signatures`. A typed literal (`DATE '…'`) is an `exp.Introducer`.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from mantissa.ask.trino.reader import Words, call

COMPARISONS: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_PRODUCTS: dict[str, type[exp.Binary]] = {"*": exp.Mul, "/": exp.Div, "%": exp.Mod}
_SUMS: dict[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub}
UNITS = ("YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND")
_MOMENTS = ("CURRENT_DATE", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP")
_NO_FUNCTION = ("CURRENT_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_PATH", "CURRENT_ROLE")


class Expressions(Words):
    """Reads expressions; `query` is given by the reader of queries."""

    query: Callable[[], exp.Query]

    def expression(self) -> exp.Expr:
        """Read an expression with AND, OR and NOT."""
        left = self._conjunction()
        while self.take("OR"):
            left = exp.Or(this=left, expression=self._conjunction())
        return left

    def expressions(self) -> list[exp.Expr]:
        """Read one or more expressions between commas."""
        found = [self.expression()]
        while self.take(","):
            found.append(self.expression())
        return found

    def _conjunction(self) -> exp.Expr:
        left = self._negation()
        while self.take("AND"):
            left = exp.And(this=left, expression=self._negation())
        return left

    def _negation(self) -> exp.Expr:
        if not self.take("NOT"):
            return self._predicate()
        self.deeper()
        found = exp.Not(this=self._negation())
        self.higher()
        return found

    def _predicate(self) -> exp.Expr:
        left = self.value()
        if mark := self.take(*COMPARISONS):
            return self._comparison(left, COMPARISONS[mark])
        if self.take("IS"):
            return self._is(left)
        negated = bool(self.next_is("NOT") and self.take("NOT"))
        test = self._test(left)
        if test is None:
            return self.refuse() if negated else left
        return exp.Not(this=test) if negated else test

    def _comparison(self, left: exp.Expr, kind: type[exp.Binary]) -> exp.Expr:
        quantifier = self.take("ALL", "ANY", "SOME")
        if not quantifier:
            return kind(this=left, expression=self.value())
        right = self._bracketed_query().this
        made = exp.All(this=right) if quantifier == "ALL" else exp.Any(this=right)
        return kind(this=left, expression=made)

    def _is(self, left: exp.Expr) -> exp.Expr:
        negated = self.take("NOT")
        if self.take("NULL"):
            test: exp.Expr = exp.Is(this=left, expression=exp.null())
            return exp.Not(this=test) if negated else test
        if not self.take_words("DISTINCT", "FROM"):
            self.refuse("IS takes NULL or DISTINCT FROM", "syntax", "write x = true")
        kind = exp.NullSafeEQ if negated else exp.NullSafeNEQ
        return kind(this=left, expression=self.value())

    def _test(self, left: exp.Expr) -> exp.Expr | None:
        if self.take("BETWEEN"):
            low = self.value()
            self.need("AND")
            return exp.Between(this=left, low=low, high=self.value())
        if self.take("LIKE"):
            like: exp.Expr = exp.Like(this=left, expression=self.value())
            return exp.Escape(this=like, expression=self.value()) if self.take("ESCAPE") else like
        return self._in(left) if self.take("IN") else None

    def _in(self, left: exp.Expr) -> exp.Expr:
        if self._a_query_is_next():
            return exp.In(this=left, query=self._bracketed_query())
        self.need("(")
        self.deeper()
        members = self.expressions()
        self.need(")")
        self.higher()
        return exp.In(this=left, expressions=members)

    def value(self) -> exp.Expr:
        """Read a value: what stands between comparisons."""
        left = self._sum()
        while self.take("||"):
            left = exp.DPipe(this=left, expression=self._sum())
        return left

    def _sum(self) -> exp.Expr:
        left = self._product()
        while mark := self.take(*_SUMS):
            left = _SUMS[mark](this=left, expression=self._product())
        return left

    def _product(self) -> exp.Expr:
        left = self._signed()
        while mark := self.take(*_PRODUCTS):
            left = _PRODUCTS[mark](this=left, expression=self._signed())
            if mark == "/":
                left.set("typed", True)  # or sqlglot makes the division one of doubles
        return left

    def _signed(self) -> exp.Expr:
        mark = self.take("-", "+")
        if not mark:
            return self._zoned()
        self.deeper()
        inner = self._signed()
        self.higher()
        return exp.Neg(this=inner) if mark == "-" else inner

    def _zoned(self) -> exp.Expr:
        found = self._indexed()
        while self.next_is("AT") and self.next_is("TIME", ahead=1):
            if not self.take_words("AT", "TIME", "ZONE"):
                self.refuse()
            found = call("at_timezone", found, self.text())
        return found

    def _indexed(self) -> exp.Expr:
        found = self._primary()
        steps = 0
        while mark := self.take("[", "."):
            steps += 1
            self.deeper()
            if mark == "[":
                found = exp.Bracket(this=found, expressions=[self.value()], offset=1)
                self.need("]")
            else:
                found = _dotted(found, self.need_name())
        for _ in range(steps):
            self.higher()
        return found

    def _primary(self) -> exp.Expr:
        if token := self.take_kind("integer", "decimal", "double"):
            return exp.Literal.number(token.text)
        if self.next_is_kind("string"):
            return self.text()
        for reader in (self._constant, self._bracket, self._special, self._lambda, self._call):
            found = reader()
            if found is not None:
                return found
        name = self.name()
        return self.refuse() if name is None else exp.Column(this=name)

    def next_is_kind(self, kind: str, ahead: int = 0) -> bool:
        """Tell whether a coming word is of this kind."""
        token = self.peek(ahead)
        return token is not None and token.kind == kind

    def _constant(self) -> exp.Expr | None:
        if self.take("NULL"):
            return exp.null()
        if word := self.take("TRUE", "FALSE"):
            return exp.Boolean(this=word == "TRUE")
        if word := self.take(*_MOMENTS):
            return exp.var(word)
        if self.next_is("CURRENT_TIME", "LOCALTIME"):
            self.refuse("the type time is not allowed", "type", "use current_timestamp")
        if self.next_is(*_NO_FUNCTION):
            self.refuse("who asks, and where, is not told", "function")
        if self.next_is("INTERVAL") and not self.next_is("(", ",", ")", ".", "AS", ahead=1):
            return self._interval()
        if self.next_is_kind("word") and self.next_is_kind("string", 1):
            return self._typed_literal()
        return None

    def _typed_literal(self) -> exp.Expr:
        name = self.need_name()
        return exp.Introducer(this=exp.var(name.this.upper()), expression=self.text())

    def _interval(self) -> exp.Expr:
        self.need("INTERVAL")
        sign = self.take("+", "-")
        if not self.next_is_kind("string"):
            self.refuse("an interval is text", "syntax", "write INTERVAL '1' DAY")
        value = self.text()
        unit = self.need(*UNITS)
        if self.take("TO"):
            self.refuse("intervals of two units are not allowed", "syntax", "add two intervals")
        if sign == "-":
            value = exp.Literal.string(
                value.this[1:] if value.this[:1] == "-" else f"-{value.this}"
            )
        return exp.Interval(this=value, unit=exp.var(unit))

    def _bracket(self) -> exp.Expr | None:
        if self._a_query_is_next():
            return self._bracketed_query()
        if self.next_is("(") and self._closes_before_an_arrow():
            return None
        if not self.take("("):
            return self._array()
        self.deeper()
        members = self.expressions()
        self.need(")")
        self.higher()
        return exp.Paren(this=members[0]) if len(members) == 1 else exp.Tuple(expressions=members)

    def _array(self) -> exp.Expr | None:
        if self.next_is("ARRAY") and self.next_is("[", ahead=1):
            self.take("ARRAY")
        elif not self.next_is("["):
            return None
        self.need("[")
        self.deeper()
        members = [] if self.next_is("]") else self.expressions()
        self.need("]")
        self.higher()
        return exp.Array(expressions=members)

    def _special(self) -> exp.Expr | None:
        return None

    def _lambda(self) -> exp.Expr | None:
        if self.next_is("->", ahead=1):
            names = [self.need_name()]
        elif self.next_is("(") and self._closes_before_an_arrow():
            self.need("(")
            names = [self.need_name()]
            while self.take(","):
                names.append(self.need_name())
            self.need(")")
        else:
            return None
        self.need("->")
        self.deeper()
        body = self.expression()
        self.higher()
        return exp.Lambda(this=body, expressions=names)

    def _call(self) -> exp.Expr | None:
        return None

    def _closes_before_an_arrow(self) -> bool:
        """Tell whether `(a, b) ->` comes next."""
        at = 1
        while (token := self.peek(at)) is not None and token.upper != ")":
            if token.kind not in ("word", "quoted") and token.upper != ",":
                return False
            at += 1
        return self.next_is("->", ahead=at + 1)

    def _a_query_is_next(self) -> bool:
        at = 0
        while self.next_is("(", ahead=at):
            at += 1
        return (
            at > 0
            and self.next_is("SELECT", "WITH", "VALUES", "TABLE", ahead=at)
            and (at == 1 or self._is_query_in_brackets(at))
        )

    def _is_query_in_brackets(self, opened: int) -> bool:
        """Tell whether `((SELECT …) UNION …)` comes next, and not `((SELECT …) + 1)`."""
        depth, at = opened, opened
        while (token := self.peek(at)) is not None and depth >= opened:
            depth += (token.upper == "(") - (token.upper == ")")
            at += 1
        return self.next_is("UNION", "EXCEPT", "INTERSECT", "ORDER", "LIMIT", "OFFSET", ahead=at)

    def _bracketed_query(self) -> exp.Expr:
        self.need("(")
        self.deeper()
        found = self.query()
        self.need(")")
        self.higher()
        return exp.Subquery(this=found)


def _dotted(base: exp.Expr, name: exp.Identifier) -> exp.Expr:
    """Return `base.name`; up to two plain names are a column of a table."""
    if isinstance(base, exp.Column) and not base.args.get("table"):
        return exp.Column(this=name, table=base.this)
    return exp.Dot(this=base, expression=name)
