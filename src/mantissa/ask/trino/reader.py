"""A reader of words, and what the readers of Trino's SQL share."""

from __future__ import annotations

from typing import NoReturn

from sqlglot import exp

from mantissa.ask.trino.lexer import RESERVED, Token, place
from mantissa.errors import GuardRefused

MAX_NESTING = 48
"""Open brackets, CASEs and prefix operators around one word; people's queries stay below 15."""

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
        return exp.Literal(is_string=True, this=token.text[1:-1].replace("''", "'"))

    def whole(self) -> exp.Literal:
        """Take a whole number."""
        token = self.take_kind("integer")
        if token is None:
            raise GuardRefused("LIMIT and OFFSET take a whole number", code="limit")
        return exp.Literal(this=str(int(token.text)), is_string=False)

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


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """Return a call of a function of Trino's."""
    return exp.Anonymous(this=name.upper(), expressions=list(arguments))
