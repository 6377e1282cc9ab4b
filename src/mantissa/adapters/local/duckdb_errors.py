"""DuckDB's errors as the product's, without the values that DuckDB quotes in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mantissa.errors import EngineError, EngineRejected, EngineTimedOut, EngineTransient

_BY_KIND: Mapping[str, type[EngineError]] = {
    "INTERRUPT": EngineTimedOut,
    "Out of Memory": EngineTimedOut,
    "IO": EngineTransient,
    "HTTP": EngineTransient,
    "Connection": EngineTransient,
}
"""The words before "Error:" in DuckDB's messages; every other kind is `EngineRejected`.

Errors met while rows stream through Arrow's C interface arrive as OSError with nothing but this
text, so the text is the one thing that all of DuckDB's errors have in common.
"""

_KIND = re.compile(r"^([A-Za-z][A-Za-z -]*?) Error: ")
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_OURS = re.compile(r"Could not convert string 'mantissa: ([A-Za-z0-9 ]{1,60})' to INT32")
"""What our macros stop a query with (`ask/trino/shims.py`): a cast that cannot be."""

_ECHO = re.compile(r"\n\s*LINE \d+:.*", re.DOTALL)


@contextmanager
def translated() -> Iterator[None]:
    """Raise what DuckDB raises in the block as `EngineError`."""
    import duckdb
    import pyarrow as pa

    try:
        yield
    except MemoryError as error:
        raise _memory() from error
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise translate(str(error)) from error


def translate(text: str) -> EngineError:
    """Return the product's error for a DuckDB message."""
    if ours := _OURS.search(text):
        return EngineRejected(ours[1], fix="use TRY_CAST, element_at or try(…) to get NULL instead")
    found = _KIND.match(text)
    kind = _BY_KIND.get(found[1] if found else "", EngineRejected)
    if kind is EngineTimedOut:
        return _memory() if "Memory" in text[:20] else _time()
    return kind(clean(text))


def clean(text: str) -> str:
    """Return the message without the echoed SQL and without quoted values (`'…'`)."""
    head = _ECHO.sub("", text).split("\n\n", 1)[0]
    words = _KIND.sub("", head)
    return " ".join(_QUOTED.sub("'…'", words).split())


def _memory() -> EngineTimedOut:
    return EngineTimedOut(
        "the query needed more memory than its limit",
        fix="narrow the time window or the columns, or raise the memory limit",
    )


def _time() -> EngineTimedOut:
    return EngineTimedOut(
        "the query ran longer than its time limit",
        fix="narrow the time window, or raise the time limit",
    )
