"""Calls, and what is written like one: CASE, CAST, EXTRACT, windows."""

from __future__ import annotations

from sqlglot import exp

from mantissa.ask.trino.expressions import Expressions
from mantissa.ask.trino.kinds import read_kind
from mantissa.ask.trino.lexer import RESERVED
from mantissa.ask.trino.reader import call

EXTRACTED = (
    *("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAY_OF_MONTH", "DAY_OF_WEEK", "DOW"),
    *("DAY_OF_YEAR", "DOY", "YEAR_OF_WEEK", "YOW", "HOUR", "MINUTE", "SECOND"),
)
_BOUNDS = ("PRECEDING", "FOLLOWING")


class Calls(Expressions):
    """Reads calls."""

    def _special(self) -> exp.Expr | None:
        if self.take("CASE"):
            return self._case()
        readers = {
            "CAST": self._cast,
            "TRY_CAST": self._cast,
            "EXTRACT": self._extract,
            "TRIM": self._trim,
            "POSITION": self._position,
            "EXISTS": self._exists,
            "ROW": self._row,
            "GROUPING": self._grouping,
            "LISTAGG": self._listagg,
        }
        token = self.peek()
        if token is None or token.upper not in readers or not self.next_is("(", ahead=1):
            return None
        if token.upper == "POSITION" and not self._says_in():
            return None
        self.take(token.upper)
        if token.upper == "EXISTS":
            return self._exists()
        self.need("(")
        self.deeper()
        found = readers[token.upper]()
        if isinstance(found, exp.Cast) and token.upper == "TRY_CAST":
            found = exp.TryCast(**found.args)
        self.higher()
        return self._after_call(found)

    def _after_call(self, found: exp.Expr) -> exp.Expr:
        return found

    def _case(self) -> exp.Expr:
        self.deeper()
        subject = None if self.next_is("WHEN") else self.expression()
        ifs = []
        while self.take("WHEN"):
            condition = self.expression()
            self.need("THEN")
            ifs.append(exp.If(this=condition, true=self.expression()))
        default = self.expression() if self.take("ELSE") else None
        self.need("END")
        self.higher()
        if not ifs:
            self.refuse("a CASE without WHEN")
        return exp.Case(this=subject, ifs=ifs, default=default)

    def _cast(self) -> exp.Expr:
        value = self.expression()
        self.need("AS")
        text = self._type_text()
        self.need(")")
        kind = str(read_kind(text))
        return exp.Cast(this=value, to=exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=kind))

    def _type_text(self) -> str:
        words: list[str] = []
        depth = 0
        while (token := self.peek()) is not None and (depth or token.upper != ")"):
            depth += (token.upper == "(") - (token.upper == ")")
            taken = self.take_kind("word", "quoted", "integer", "mark")
            if taken is None or (taken.kind == "mark" and taken.text not in "(),"):
                self.refuse("this is no type", "type")
            words.append(taken.text)
        return " ".join(words)

    def _extract(self) -> exp.Expr:
        field = self.need(*EXTRACTED)
        self.need("FROM")
        value = self.value()
        self.need(")")
        return exp.Extract(this=exp.var(field), expression=value)

    def _trim(self) -> exp.Expr:
        side = self.take("LEADING", "TRAILING", "BOTH")
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(side, "trim")
        if side and self.take("FROM"):
            arguments = [self.value()]
        else:
            arguments = [self.value()]
            if self.take("FROM"):
                arguments = [self.value(), arguments[0]]
            elif self.take(","):
                arguments.append(self.value())
        self.need(")")
        return call(name, *arguments)

    def _says_in(self) -> bool:
        """Tell `position(a IN b)` from a call of a function of that name."""
        depth, at = 0, 1
        while (token := self.peek(at)) is not None:
            depth += (token.upper == "(") - (token.upper == ")")
            if depth == 0:
                return False
            if depth == 1 and token.upper == "IN":
                return True
            at += 1
        return False

    def _position(self) -> exp.Expr:
        part = self.value()
        self.need("IN")
        whole = self.value()
        self.need(")")
        return call("strpos", whole, part)

    def _exists(self) -> exp.Expr:
        if not self._a_query_is_next():
            self.refuse("EXISTS takes a query")
        return exp.Exists(this=self._bracketed_query().this)

    def _row(self) -> exp.Expr:
        members = self.expressions()
        self.need(")")
        return call("row", *members)

    def _grouping(self) -> exp.Expr:
        members = self.expressions()
        self.need(")")
        return call("grouping", *members)

    def _listagg(self) -> exp.Expr:
        distinct = self.take("DISTINCT", "ALL") == "DISTINCT"
        value = self.expression()
        arguments: list[exp.Expr] = [exp.Distinct(expressions=[value]) if distinct else value]
        if self.take(","):
            arguments.append(self.text())
        if self.next_is("ON"):
            self.refuse("ON OVERFLOW is not allowed", "syntax")
        self.need(")")
        made: exp.Expr = call("listagg", *arguments)
        if not self.take_words("WITHIN", "GROUP"):
            self.refuse("listagg needs WITHIN GROUP (ORDER BY …)")
        self.need("(")
        order = self.order()
        self.need(")")
        if order is None:
            self.refuse("listagg needs WITHIN GROUP (ORDER BY …)")
        return self._filter(exp.WithinGroup(this=made, expression=order))

    def order(self) -> exp.Order | None:
        """Read `ORDER BY …` if it is next."""
        if not self.take_words("ORDER", "BY"):
            return None
        members = [self._ordered()]
        while self.take(","):
            members.append(self._ordered())
        return exp.Order(expressions=members)

    def _ordered(self) -> exp.Ordered:
        if self.next_is("ALL"):
            self.refuse("ORDER BY ALL is not Trino's", "syntax", "name the columns")
        value = self.expression()
        descending = self.take("ASC", "DESC") == "DESC"
        first = False
        if self.take("NULLS"):
            first = self.need("FIRST", "LAST") == "FIRST"
        return exp.Ordered(this=value, desc=descending, nulls_first=first)

    def _call(self) -> exp.Expr | None:
        at = 0
        while self.next_is(".", ahead=at + 1):
            at += 2
        token, head = self.peek(at), self.peek()
        if token is None or head is None or not self.next_is("(", ahead=at + 1):
            return None
        if token.kind not in ("word", "quoted") or (
            token.kind == "word" and head.upper in RESERVED
        ):
            return None
        if at:
            self.refuse("functions are named without a schema or an object", "syntax")
        name = self.need_name()
        self.need("(")
        self.deeper()
        arguments = self._arguments(name.this.lower())
        self.need(")")
        self.higher()
        made = call(name.this, *arguments)
        if self.next_is("WITHIN"):
            self.refuse("WITHIN GROUP is for listagg", "syntax")
        return self._over(self._filter(made))

    def _arguments(self, name: str) -> list[exp.Expr]:
        if self.next_is(")"):
            return []
        if self.take("*"):
            if name != "count":
                self.refuse("* is an argument of count alone")
            return [exp.Star()]
        quantifier = self.take("DISTINCT", "ALL")
        found = self.expressions()
        if name == "substring" and len(found) == 1 and self.take("FROM"):
            found.append(self.value())
            if self.take("FOR"):
                found.append(self.value())
        order = self.order()
        if quantifier == "DISTINCT":
            found = [exp.Distinct(expressions=found)]
        if order is not None:
            found = [*found[:-1], exp.Order(this=found[-1], expressions=order.expressions)]
        return found

    def _filter(self, made: exp.Expr) -> exp.Expr:
        if not (self.next_is("FILTER") and self.next_is("(", ahead=1)):
            return made
        self.take("FILTER")
        self.need("(")
        self.need("WHERE")
        condition = self.expression()
        self.need(")")
        return exp.Filter(this=made, expression=exp.Where(this=condition))

    def _over(self, made: exp.Expr) -> exp.Expr:
        if self.next_is("IGNORE", "RESPECT") and self.next_is("NULLS", ahead=1):
            if self.take("IGNORE", "RESPECT") == "IGNORE":
                made = exp.IgnoreNulls(this=made)
            self.need("NULLS")
            if not self.next_is("OVER"):
                self.refuse("IGNORE NULLS needs OVER (…)")
        if not self.take("OVER"):
            return made
        if not self.take("("):
            return exp.Window(this=made, alias=self.need_name())
        window = self.window(made)
        self.need(")")
        return window

    def window(self, made: exp.Expr | None) -> exp.Window:
        """Read what stands in the brackets of OVER, or of a named window."""
        parts = []
        if self.take_words("PARTITION", "BY"):
            parts = self.expressions()
        order = self.order()
        return exp.Window(this=made, partition_by=parts, order=order, spec=self._frame())

    def _frame(self) -> exp.WindowSpec | None:
        kind = self.take("ROWS", "RANGE")
        if not kind:
            if self.next_is("GROUPS", "MEASURES"):
                self.refuse("this window frame is not allowed", "syntax", "use ROWS or RANGE")
            return None
        if self.take("BETWEEN"):
            start = self._bound()
            self.need("AND")
            end = self._bound()
        else:
            start, end = self._bound(), ("CURRENT ROW", None)
        return exp.WindowSpec(
            kind=kind, start=start[0], start_side=start[1], end=end[0], end_side=end[1]
        )

    def _bound(self) -> tuple[str | exp.Expr, str | None]:
        if self.take("UNBOUNDED"):
            return "UNBOUNDED", self.need(*_BOUNDS)
        if self.take("CURRENT"):
            self.need("ROW")
            return "CURRENT ROW", None
        value = self.value()
        return value, self.need(*_BOUNDS)
