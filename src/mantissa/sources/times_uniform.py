"""Times of a whole column at once, where all of them have the same plain form.

Only forms that `times.parse_time` reads to the same milliseconds are taken; a column with any
other text goes through it, value by value.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_EPOCH_SECONDS = r"^[1-9][0-9]{8,9}$"
_YEAR = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
"""Years as `datetime` has them: Arrow would also read a year 0."""
_ISO_SECONDS = rf"^{_YEAR}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$"


def parse_uniform(texts: pa.Array) -> pa.Array | None:
    """Return milliseconds since 1970 UTC; None unless every text has one of the plain forms."""
    if _all_match(texts, _EPOCH_SECONDS):
        return pc.multiply(texts.cast(pa.int64()), 1000)
    if _all_match(texts, _ISO_SECONDS):
        return _iso(texts)
    return None


def _iso(texts: pa.Array) -> pa.Array | None:
    try:
        return texts.cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("ms", "UTC")).cast(pa.int64())
    except pa.ArrowInvalid:
        # A day that its month does not have; the careful way says which.
        return None


def _all_match(texts: pa.Array, pattern: str) -> bool:
    return bool(len(texts)) and bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())
