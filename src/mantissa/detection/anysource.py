"""A source that has every field, as text: what rules without a source of their own compile against.

It says whether a rule can be said in a dialect at all, apart from whether there is data for it yet.
"""

from __future__ import annotations

from collections.abc import Iterable

from mantissa.model import Column, Table
from mantissa.sources.definition import Binding, SigmaLogsource

RAW = "raw"


class AnySource:
    """A source with one text column for each field; fields of different case are one column."""

    name = "any"
    version = ""
    table = Table("any", ())
    sigma: tuple[SigmaLogsource, ...] = ()

    def bind(self, field: str) -> Binding:
        """Return the text column of a field; `raw` is the record as received."""
        return Binding(RAW if field == RAW else f"c_{field.lower()}", (), "string")

    def nearest_fields(self, field: str, limit: int = 3) -> list[str]:
        """Return nothing: no field is unknown."""
        return []


def table_of(bindings: Iterable[Binding], name: str = AnySource.name) -> Table:
    """Return the table that holds these columns of an `AnySource`, and `raw`."""
    columns = sorted({RAW, *(binding.column for binding in bindings)})
    return Table(name, tuple(Column(column, "string", "Any field") for column in columns))
