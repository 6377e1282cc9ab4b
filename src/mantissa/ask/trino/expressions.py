"""Trino's expressions as sqlglot trees: the grammar of SqlBase.g4, by recursive descent.

Every call is an `exp.Anonymous` with its name and arguments as written: what a function is, is the
business of `signatures`. A typed literal (`DATE '…'`) is an `exp.Introducer`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from sqlglot import exp

from mantissa.ask.trino.lexer import RESERVED, Token, place
from mantissa.errors import GuardRefused

MAX_NESTING = 48
"""Open brackets, CASEs and prefix operators around one word; people's queries stay below 15."""

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
_OTHER_DIALECTS = {
    "ILIKE": "write lower(x) LIKE '…'",
    "SIMILAR": "use regexp_like(x, '…')",
    "RLIKE": "use regexp_like(x, '…')",
    "REGEXP": "use regexp_like(x, '…')",
    "GLOB": "use LIKE or regexp_like(x, '…')",
    "QUALIFY": "select from a subquery and use WHERE",
    "EXCLUDE": "name the columns",
    "EXCEPT": "name the columns",
    "REPLACE": "name the columns",
    "DIV": "write / between whole numbers",
    "ISNULL": "write IS NULL",
    "NOTNULL": "write IS NOT NULL",
    "PIVOT": "use count(*) FILTER (WHERE …)",
    "ASOF": "join on a condition",
    "SEMI": "use EXISTS (…)",
    "ANTI": "use NOT EXISTS (…)",
}


class Words:
    """A reader of words, with one word of foresight (and more where it is asked for)."""

    def __init__(self, sql: str, tokens: list[Token]) -> None:
        self._sql, self._tokens, self._at, self._depth = sql, tokens, 0, 0

    def peek(self, ahead: int = 0) -> Token | None:
        """Return a coming word."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def next_is(self, *texts: str, ahead: int = 0) -> bool:
        """Tell whether a coming word is one of these (capitals)."""
        token = self.peek(ahead)
        return token is not None and token.upper in texts and bool(token.upper)

    def take(self, *texts: str) -> str:
        """Take the next word if it is one of these; else return nothing."""
        if not self.next_is(*texts):
            return ""
        self._at += 1
        return self._tokens[self._at - 1].upper

    def take_words(self, *texts: str) -> bool:
        """Take these words if they come next in this order."""
        if not all(self.next_is(text, ahead=n) for n, text in enumerate(texts)):
            return False
        self._at += len(texts)
        return True

    def need(self, *texts: str) -> str:
        """Take the next word, which must be one of these."""
        return self.take(*texts) or self.refuse()

    def take_kind(self, *kinds: str) -> Token | None:
        """Take the next word if it is of one of these kinds."""
        token = self.peek()
        if token is None or token.kind not in kinds:
            return None
        self._at += 1
        return token

    def name(self) -> exp.Identifier | None:
        """Take a name, quoted or not, if one comes next."""
        token = self.peek()
        if token is None or (token.kind == "word" and token.upper in RESERVED):
            return None
        if token.kind not in ("word", "quoted"):
            return None
        self._at += 1
        text = token.text if token.kind == "word" else token.text[1:-1].replace('""', '"')
        return exp.to_identifier(text, quoted=True)

    def need_name(self) -> exp.Identifier:
        """Take a name."""
        return self.name() or self.refuse()

    def text(self) -> exp.Literal:
        """Take a text literal."""
        token = self.take_kind("string")
        if token is None:
            self.refuse()
        return exp.Literal.string(token.text[1:-1].replace("''", "'"))

    def whole(self) -> exp.Literal:
        """Take a whole number."""
        token = self.take_kind("integer")
        if token is None:
            raise GuardRefused("LIMIT and OFFSET take a whole number", code="limit")
        return exp.Literal.number(str(int(token.text)))

    def refuse(self, message: str = "", code: str = "", fix: str = "") -> NoReturn:
        """Refuse the next word."""
        token = self.peek()
        if token is None:
            raise GuardRefused("the SQL ends too early", code="parse", fix="check its syntax")
        other = _OTHER_DIALECTS.get(token.upper, "")
        if not message and other:
            message, code, fix = f"{token.upper} is not Trino's", "syntax", other
        raise GuardRefused(
            message or "the SQL cannot be read",
            code=code or "parse",
            where=place(self._sql, token.start),
            fix=fix or "check its syntax",
        )

    def deeper(self) -> None:
        """Note one more level of nesting."""
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise GuardRefused(
                "nested too deeply", code="too_deep", fix="use WITH, or IN (…) lists"
            )

    def higher(self) -> None:
        """Note one level less."""
        self._depth -= 1


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


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """Return a call."""
    return exp.Anonymous(this=name.upper(), expressions=list(arguments))
