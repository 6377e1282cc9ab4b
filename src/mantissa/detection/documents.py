"""What can be told of a JSON document from its text alone, before anything reads it as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

_PLAIN = re.compile("[A-Za-z0-9_ .:-]+")
"""Names that JSON writes in no other way, save by numbers."""

Contains = Callable[[exp.Expr, exp.Expr], exp.Expr]
"""(text, part) → whether the text holds the part."""


def absent(document: exp.Expr, name: str, contains: Contains) -> exp.Expr:
    """Ask whether a document cannot have a member of this name, as its text does not show it.

    JSON may write a plain letter only as itself or as `\\u` and its number. Of a document that is
    NULL the answer is NULL.
    """
    if not _PLAIN.fullmatch(name):
        return exp.false()
    shown = contains(document, exp.Literal.string(f'"{name}"'))
    written = contains(document, exp.Literal.string("\\u"))
    return exp.Not(this=exp.Paren(this=exp.Or(this=shown, expression=written)))
