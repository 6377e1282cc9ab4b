"""The columns that conditions share: lowered texts, lists out of documents, address keys.

Conditions never spell these out; they name a derived column, and whoever builds the SELECT puts
it into the inner query once, however many rules use it. No stored column's name holds a `$`, and
engines compare aliases without case, so names are made of the stored name or of a digest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

from sqlglot import exp

from mantissa.detection.dialects import Dialect
from mantissa.detection.template import quoted
from mantissa.sources.definition import Binding

OF_DOCUMENTS = ("j$", "jl$", "ja$")
"""How the names of columns begin that are read out of documents."""


class Scope:
    """Derived columns by name, in the order of first use."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.derived: dict[str, exp.Expr] = {}

    def lowered(self, column: str) -> exp.Expr:
        """Name the lower-case form of a text column."""
        return self._share(f"l${column}", lambda: exp.Lower(this=quoted(column)))

    def values(self, binding: Binding, *, lowered: bool) -> exp.Expr:
        """Name the list of texts that a field has inside a JSON column."""
        name = f"{'jl' if lowered else 'j'}${_digest(binding)}"
        return self._share(name, lambda: _values(self.dialect, binding, lowered))

    def address(self, column: str) -> exp.Expr:
        """Name the address key of a text column."""
        return self._share(f"a${column}", lambda: _address(self.dialect, column))

    def addresses(self, binding: Binding) -> exp.Expr:
        """Name the list of address keys that a field has inside a JSON column."""
        return self._share(f"ja${_digest(binding)}", lambda: _addresses(self.dialect, binding))

    def condition(self, test: exp.Expr) -> exp.Expr:
        """Name a condition that many rules share, such as that of their log source."""
        text = test.sql(dialect=self.dialect.name)
        return self._share(f"w${sha256(text.encode()).hexdigest()[:12]}", lambda: test)

    def _share(self, name: str, build: Callable[[], exp.Expr]) -> exp.Expr:
        if name not in self.derived:
            self.derived[name] = build()
        return quoted(name)


# Rules of one table ask for the same columns again and again, and some take long to build. What
# these return is shared: whoever puts it into a tree copies it.


@lru_cache(maxsize=4096)
def _values(dialect: Dialect, binding: Binding, lowered: bool) -> exp.Expr:
    return dialect.json_values(quoted(binding.column), binding.path, lowered)


@lru_cache(maxsize=1024)
def _address(dialect: Dialect, column: str) -> exp.Expr:
    return dialect.address_key(quoted(column))


@lru_cache(maxsize=1024)
def _addresses(dialect: Dialect, binding: Binding) -> exp.Expr:
    values = dialect.json_values(quoted(binding.column), binding.path, False)
    return dialect.map_values(values, "v", dialect.address_key)


def _digest(binding: Binding) -> str:
    place = "\0".join((binding.column, *binding.path))
    return sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:12]
