"""Trino's queries as sqlglot trees, in the shapes that sqlglot's own parser makes.

What can write, name another catalog, invent rows or answer differently each time is refused here
by name, because it has no place in the grammar.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from mantissa.ask.trino.calls import Calls
from mantissa.ask.trino.lexer import Token, words
from mantissa.errors import GuardRefused

MAX_WORDS = 20_000
MAX_CONDITIONS = 1_000
"""ANDs and ORs; resolving names takes time that grows with their square."""

_STARTS = ("SELECT", "WITH", "(", "VALUES", "TABLE", "FROM")
_SETS: dict[str, type[exp.SetOperation]] = {"UNION": exp.Union, "EXCEPT": exp.Except}
_SIDES = ("LEFT", "RIGHT", "FULL")


def read_query(sql: str) -> exp.Query:
    """Read one query. Raises `GuardRefused`."""
    tokens = words(sql, MAX_WORDS)
    if not tokens or tokens[0].upper not in _STARTS:
        raise GuardRefused("only a SELECT can be asked", code="not_select", fix="write a SELECT")
    _check_connectors(tokens)
    reader = _Queries(sql, tokens)
    found = reader.query()
    if reader.peek() is not None:
        reader.refuse()
    return found


def _check_connectors(tokens: list[Token]) -> None:
    if sum(token.upper in ("AND", "OR") for token in tokens) > MAX_CONDITIONS:
        raise GuardRefused(
            f"more than {MAX_CONDITIONS} ANDs and ORs", code="too_long", fix="use IN (…) lists"
        )


class _Queries(Calls):
    """Reads queries."""

    query: Callable[[], exp.Query]

    def __init__(self, sql: str, tokens: list[Token]) -> None:
        super().__init__(sql, tokens)
        self.query = self._query

    def _query(self) -> exp.Query:
        with_ = self._with()
        found = self._ordered_query()
        if with_ is not None:
            if found.args.get("with_"):
                self.refuse("a WITH before brackets with a WITH is not allowed", "syntax")
            found.set("with_", with_)
        return found

    def _with(self) -> exp.With | None:
        if not self.take("WITH"):
            return None
        if self.next_is("RECURSIVE"):
            self.refuse("WITH RECURSIVE is not allowed", "recursive")
        found = [self._cte()]
        while self.take(","):
            found.append(self._cte())
        return exp.With(expressions=found)

    def _cte(self) -> exp.CTE:
        alias = exp.TableAlias(this=self.need_name(), columns=self._column_names())
        self.need("AS")
        self.need("(")
        self.deeper()
        if self.next_is("INSERT", "UPDATE", "DELETE", "MERGE"):
            self.refuse("only a SELECT can be asked", "not_select", "write a SELECT")
        body = self._query()
        self.need(")")
        self.higher()
        return exp.CTE(this=body, alias=alias)

    def _column_names(self) -> list[exp.Identifier]:
        if not self.take("("):
            return []
        found = [self.need_name()]
        while self.take(","):
            found.append(self.need_name())
        self.need(")")
        return found

    def _ordered_query(self) -> exp.Query:
        found = self._set_operations()
        order, offset, limit = self.order(), self._offset(), self._limit()
        if self.next_is("OFFSET"):
            self.refuse("OFFSET stands before LIMIT in Trino", "limit", "write OFFSET n LIMIT m")
        self._refuse_endings()
        if order is None and offset is None and limit is None:
            return found
        taken = any(found.args.get(part) for part in ("order", "offset", "limit"))
        if taken or isinstance(found, exp.Subquery):
            inner = found if isinstance(found, exp.Subquery) else exp.Subquery(this=found)
            found = inner
        for part, value in (("order", order), ("offset", offset), ("limit", limit)):
            if value is not None:
                found.set(part, value)
        return found

    def _offset(self) -> exp.Offset | None:
        if not self.take("OFFSET"):
            return None
        found = exp.Offset(expression=self.whole())
        self.take("ROW", "ROWS")
        return found

    def _limit(self) -> exp.Limit | None:
        if self.next_is("FETCH"):
            self.refuse("write LIMIT n instead of FETCH FIRST", "limit")
        if not self.take("LIMIT") or self.take("ALL"):
            return None
        return exp.Limit(expression=self.whole())

    def _refuse_endings(self) -> None:
        if self.next_is("FOR"):
            self.refuse("FOR UPDATE and FOR SHARE are not for reading", "lock")
        if self.next_is("INTO"):
            self.refuse("SELECT … INTO writes a table", "into")
        if self.next_is("USING") and self.next_is("SAMPLE", ahead=1):
            self.refuse("a sample gives another answer each time", "sampling")
        if self.next_is("%"):
            self.refuse("LIMIT takes a whole number, not a percentage", "limit")

    def _set_operations(self) -> exp.Query:
        left = self._intersections()
        while word := self.take(*_SETS):
            distinct = self.take("ALL", "DISTINCT") != "ALL"
            right = self._intersections()
            left = _SETS[word](this=left, expression=right, distinct=distinct)
        return left

    def _intersections(self) -> exp.Query:
        left = self._primary_query()
        while self.take("INTERSECT"):
            distinct = self.take("ALL", "DISTINCT") != "ALL"
            left = exp.Intersect(this=left, expression=self._primary_query(), distinct=distinct)
        return left

    def _primary_query(self) -> exp.Query:
        if self.next_is("VALUES"):
            self.refuse("VALUES makes rows that are not in the lake", "invented_rows")
        if self.next_is("TABLE"):
            self.refuse("only a SELECT can be asked", "not_select", "write SELECT * FROM …")
        if self.take("("):
            self.deeper()
            body = self._query()
            self.need(")")
            self.higher()
            return exp.Subquery(this=body)
        if self.next_is("FROM"):
            self.refuse("a query begins with SELECT", "syntax", "write SELECT * FROM …")
        self.need("SELECT")
        return self._select()

    def _select(self) -> exp.Select:
        distinct = self.take("DISTINCT", "ALL") == "DISTINCT"
        if distinct and self.next_is("ON") and self.next_is("(", ahead=1):
            self.refuse("DISTINCT ON is not Trino's", "syntax", "use row_number() in a subquery")
        found = exp.Select(
            expressions=[self._item()], distinct=exp.Distinct() if distinct else None
        )
        while self.take(","):
            found.append("expressions", self._item())
        if self.next_is("INTO"):
            self.refuse("SELECT … INTO writes a table", "into")
        if self.take("FROM"):
            self._from(found)
        if self.take("WHERE"):
            found.set("where", exp.Where(this=self.expression()))
        if self.take_words("GROUP", "BY"):
            found.set("group", self._group())
        if self.take("HAVING"):
            found.set("having", exp.Having(this=self.expression()))
        if self.next_is("WINDOW"):
            found.set("windows", self._windows())
        if self.next_is("LATERAL"):
            self.refuse("LATERAL is not allowed; use a join or unnest(column)", "lateral")
        return found

    def _item(self) -> exp.Expr:
        if self.take("*"):
            if self.next_is("(", "EXCLUDE", "REPLACE") or self._excepts():
                self.refuse("* stands alone in Trino", "syntax", "name the columns")
            return exp.Star()
        if self.next_is(".", ahead=1) and self.next_is("*", ahead=2):
            table = self.need_name()
            self.need(".")
            self.need("*")
            if self._excepts():
                self.refuse("* stands alone in Trino", "syntax", "name the columns")
            return exp.Column(this=exp.Star(), table=table)
        value = self.expression()
        name = self.need_name() if self.take("AS") else self._bare_alias()
        return value if name is None else exp.Alias(this=value, alias=name)

    def _excepts(self) -> bool:
        return (
            self.next_is("EXCEPT")
            and self.next_is("(", ahead=1)
            and not self.next_is("SELECT", "(", "WITH", ahead=2)
        )

    def _bare_alias(self) -> exp.Identifier | None:
        return (
            None if self.next_is("WINDOW", "OFFSET", "LIMIT", "QUALIFY", "FETCH") else self.name()
        )

    def _from(self, select: exp.Select) -> None:
        first, *others = [self._relation()]
        while self.take(","):
            others.append(self._relation())
        select.set("from_", exp.From(this=first[0]))
        joins = list(first[1])
        for source, more in others:
            joins += [exp.Join(this=source), *more]
        if joins:
            select.set("joins", joins)

    def _relation(self) -> tuple[exp.Expr, list[exp.Join]]:
        source = self._source()
        joins = []
        while (join := self._join()) is not None:
            joins.append(join)
        return source, joins

    def _join(self) -> exp.Join | None:
        if self.next_is("NATURAL"):
            self.refuse("a NATURAL join is not allowed", "join_kind", "use JOIN … ON")
        if self.next_is("ASOF", "POSITIONAL", "SEMI", "ANTI") and self.next_is("JOIN", ahead=1):
            self.refuse("this kind of join is not Trino's", "join_kind", "use JOIN … ON, or EXISTS")
        if self.take("CROSS"):
            self.need("JOIN")
            return exp.Join(this=self._source(), kind="CROSS")
        side = self.take(*_SIDES)
        if side:
            self.take("OUTER")
        inner = not side and self.take("INNER")
        if not side and not inner and not self.next_is("JOIN"):
            return None
        self.need("JOIN")
        found = exp.Join(this=self._source(), side=side or None, kind="INNER" if inner else None)
        if self.take("ON"):
            found.set("on", self.expression())
        elif self.take("USING"):
            found.set("using", self._column_names())
        else:
            self.refuse("a JOIN needs ON or USING", "parse", "write JOIN … ON …")
        return found

    def _source(self) -> exp.Expr:
        if self.next_is("LATERAL"):
            self.refuse("LATERAL is not allowed; use a join or unnest(column)", "lateral")
        if self.next_is("TABLE") and self.next_is("(", ahead=1):
            self.refuse("table functions are not allowed", "function")
        if self.next_is("UNNEST"):
            return self._unnest()
        if self._a_query_is_next():
            found: exp.Expr = self._bracketed_query()
        elif self.take("("):
            self.deeper()
            inside, joins = self._relation()
            if joins:
                inside.set("joins", joins)
            self.need(")")
            self.higher()
            found = exp.Paren(this=inside)
            return self._unaliased(found)
        else:
            found = self._table()
        self._refuse_table_endings()
        return self._aliased(found)

    def _unaliased(self, found: exp.Expr) -> exp.Expr:
        if self.next_is("AS") or self._source_alias() is not None:
            self.refuse("a join in brackets has no name here", "syntax", "write a subquery")
        return found

    def _table(self) -> exp.Table:
        if self.next_is_kind("string"):
            self.refuse("a table is no text", "table")
        parts = [self.need_name()]
        while self.take("."):
            parts.append(self.need_name())
        if self.next_is("("):
            self.refuse(f"function {parts[-1].this.lower()} is not allowed here", "function")
        if len(parts) > 3:
            self.refuse("no such table here", "table")
        named = dict(zip(("this", "db", "catalog"), reversed(parts), strict=False))
        return exp.Table(**named)

    def _refuse_table_endings(self) -> None:
        if self.next_is("FOR") and self.next_is("TIMESTAMP", "VERSION", ahead=1):
            self.refuse("older versions of a table cannot be read", "time_travel")
        if self.next_is("AT") and self.next_is("(", ahead=1):
            self.refuse("older versions of a table cannot be read", "time_travel")
        if self.next_is("MATCH_RECOGNIZE"):
            self.refuse("MATCH_RECOGNIZE does not run on every engine", "syntax", "use lag() OVER")
        if self.next_is("PIVOT", "UNPIVOT"):
            self.refuse("PIVOT is not allowed; use count(*) FILTER (WHERE …)", "pivot")
        self._refuse_sample()

    def _refuse_sample(self) -> None:
        if self.next_is("TABLESAMPLE") or (
            self.next_is("USING") and self.next_is("SAMPLE", ahead=1)
        ):
            self.refuse("a sample gives another answer each time", "sampling")

    def _source_alias(self) -> exp.Identifier | None:
        stops = ("CROSS", "JOIN", "LATERAL", "WINDOW", "OFFSET", "LIMIT", "FETCH", "TABLESAMPLE")
        others = ("ASOF", "POSITIONAL", "SEMI", "ANTI", "QUALIFY")
        joined = self.next_is(*others) and self.next_is("JOIN", ahead=1)
        return None if self.next_is(*stops, "QUALIFY") or joined else self.name()

    def _aliased(self, found: exp.Expr) -> exp.Expr:
        name = self.need_name() if self.take("AS") else self._source_alias()
        if name is not None:
            found.set("alias", exp.TableAlias(this=name, columns=self._column_names()))
        self._refuse_table_endings()
        return found

    def _unnest(self) -> exp.Expr:
        self.need("UNNEST")
        self.need("(")
        members = self.expressions()
        self.need(")")
        ordinality = self.take_words("WITH", "ORDINALITY")
        found = exp.Unnest(expressions=members, offset=ordinality)
        return self._aliased(found)

    def _group(self) -> exp.Group:
        if self.next_is("ALL", "DISTINCT"):
            self.refuse(
                "GROUP BY ALL is not Trino's", "syntax", "name the columns, or GROUP BY 1, 2"
            )
        found = exp.Group()
        self._grouping_element(found)
        while self.take(","):
            self._grouping_element(found)
        return found

    def _grouping_element(self, group: exp.Group) -> None:
        if self.take_words("GROUPING", "SETS"):
            self.need("(")
            sets = [self._grouping_set()]
            while self.take(","):
                sets.append(self._grouping_set())
            self.need(")")
            group.append("grouping_sets", exp.GroupingSets(expressions=sets))
        elif self.next_is("ROLLUP", "CUBE") and self.next_is("(", ahead=1):
            kind = self.need("ROLLUP", "CUBE")
            self.need("(")
            members = self.expressions()
            self.need(")")
            made = exp.Rollup if kind == "ROLLUP" else exp.Cube
            group.append(kind.lower(), made(expressions=members))
        else:
            group.append("expressions", self.expression())

    def _grouping_set(self) -> exp.Expr:
        if not self.take("("):
            return self.expression()
        members = [] if self.next_is(")") else self.expressions()
        self.need(")")
        return exp.Tuple(expressions=members)

    def _windows(self) -> list[exp.Window]:
        self.need("WINDOW")
        found = [self._named_window()]
        while self.take(","):
            found.append(self._named_window())
        return found

    def _named_window(self) -> exp.Window:
        name = self.need_name()
        self.need("AS")
        self.need("(")
        window = self.window(None)
        self.need(")")
        window.set("this", name)
        return window


def read_expression(text: str) -> exp.Expr:
    """Read one expression, for templates of our own."""
    reader = _Queries(text, words(text, MAX_WORDS))
    return reader.expression()
