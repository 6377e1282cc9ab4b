"""Macros that give DuckDB what Trino's functions mean, created only in queries that use them.

A macro's text is DuckDB's SQL; `uses` counts how often each parameter stands in it, so that a
query whose shims multiply is refused before DuckDB spells it out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_NAME = re.compile(r"\bmantissa_\w+", re.IGNORECASE)
_SPACES = "chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31) || ' '"

MACROS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "mantissa_fail_int": (("why",), "CAST('mantissa: ' || why AS INTEGER)"),
    "mantissa_fail": (("why",), "CAST(CAST('mantissa: ' || why AS INTEGER) AS VARCHAR)"),
    "mantissa_trim": (("x",), f"trim(x, {_SPACES})"),
    "mantissa_ltrim": (("x",), f"ltrim(x, {_SPACES})"),
    "mantissa_rtrim": (("x",), f"rtrim(x, {_SPACES})"),
    "mantissa_any": (
        ("x",),
        "CASE WHEN x IS NULL THEN NULL ELSE "
        "list_reduce(list_prepend(false, x), lambda a, b: a OR b) END",
    ),
    "mantissa_all": (
        ("x",),
        "CASE WHEN x IS NULL THEN NULL ELSE "
        "list_reduce(list_prepend(true, x), lambda a, b: a AND b) END",
    ),
    "mantissa_at": (
        ("x", "i"),
        "CASE WHEN x IS NULL OR i IS NULL THEN NULL WHEN i BETWEEN 1 AND len(x) "
        "THEN list_extract(x, i) ELSE list_extract(x, CAST('mantissa: array subscript out of "
        "range' AS INTEGER)) END",
    ),
    "mantissa_key": (
        ("x", "k"),
        "CASE WHEN x IS NULL OR k IS NULL THEN NULL WHEN list_contains(map_keys(x), k) "
        "THEN map_extract_value(x, k) ELSE list_extract(map_values(x), CAST('mantissa: key not present in "
        "map' AS INTEGER)) END",
    ),
    "mantissa_element": (
        ("x", "i"),
        "CASE WHEN i = 0 THEN list_extract(x, CAST('mantissa: array subscript is zero' AS INTEGER)) "
        "ELSE list_extract(x, i) END",
    ),
    "mantissa_distinct": (
        ("x",),
        "list_filter(x, lambda e, i: list_position(x, e) = i)",
    ),
    "mantissa_slice": (
        ("x", "s", "n"),
        "CASE WHEN s IS NULL OR n IS NULL THEN NULL WHEN s = 0 OR n < 0 THEN list_slice(x, CAST('mantissa: wrong bounds of slice' AS "
        "INTEGER), 1) WHEN abs(s) > len(x) THEN list_slice(x, 1, 0) WHEN s < 0 THEN "
        "list_slice(x, len(x) + s + 1, len(x) + s + n) ELSE list_slice(x, s, s + n - 1) END",
    ),
    "mantissa_substr": (
        ("x", "s"),
        "CASE WHEN s = 0 OR abs(s) > length(x) THEN left(x, 0) ELSE substring(x, s) END",
    ),
    "mantissa_substr3": (
        ("x", "s", "n"),
        "CASE WHEN x IS NULL OR s IS NULL OR n IS NULL THEN NULL WHEN s = 0 OR abs(s) > length(x) "
        "OR n <= 0 THEN '' ELSE substring(x, s, least(n, 4294967295)) END",
    ),
    "mantissa_split": (
        ("x", "d"),
        "CASE WHEN d = '' THEN string_split(x, mantissa_fail('the delimiter is empty')) "
        "ELSE string_split(x, d) END",
    ),
    "mantissa_split_n": (
        ("x", "d", "n"),
        "CASE WHEN x IS NULL OR d IS NULL OR n IS NULL THEN NULL "
        "WHEN d = '' OR n <= 0 THEN string_split(x, mantissa_fail('wrong delimiter or limit')) "
        "WHEN len(string_split(x, d)) <= n THEN string_split(x, d) ELSE "
        "list_append(list_slice(string_split(x, d), 1, n - 1), "
        "array_to_string(list_slice(string_split(x, d), n, len(string_split(x, d))), d)) END",
    ),
    "mantissa_split_part": (
        ("x", "d", "i"),
        "CASE WHEN d = '' AND x <> '' THEN CASE WHEN i > length(x) THEN NULL ELSE substring(x, i, 1) END "
        "WHEN i <= 0 THEN mantissa_fail('index must be greater than zero') "
        "ELSE list_extract(string_split(x, d), i) END",
    ),
    "mantissa_reverse": (
        ("x",),
        "array_to_string(list_reverse(regexp_extract_all(x, '(?s).')), '')",
    ),
    "mantissa_int_text": (
        ("x",),
        "CASE WHEN x IS NULL THEN NULL WHEN regexp_full_match(mantissa_trim(x), '[+-]?[0-9]+') "
        "THEN mantissa_trim(x) ELSE mantissa_fail('this text is no whole number') END",
    ),
    "mantissa_try_int_text": (
        ("x",),
        "CASE WHEN regexp_full_match(mantissa_trim(x), '[+-]?[0-9]+') THEN mantissa_trim(x) END",
    ),
    "mantissa_try_double": (
        ("x",),
        "TRY_CAST(regexp_extract(x, "
        "'^[\\x00-\\x20]*([+-]?(?:NaN|Infinity|(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?))"
        "[fFdD]?[\\x00-\\x20]*$', 1) AS DOUBLE)",
    ),
    "mantissa_double": (
        ("x",),
        "CASE WHEN x IS NULL THEN NULL ELSE coalesce(mantissa_try_double(x), "
        "mantissa_fail_int('this text is no number')) END",
    ),
    "mantissa_decimal_text": (
        ("x",),
        "CASE WHEN regexp_full_match(x, '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?') THEN x END",
    ),
    "mantissa_try_boolean": (
        ("x",),
        "CASE WHEN lower(x) IN ('t', 'true', '1') THEN true "
        "WHEN lower(x) IN ('f', 'false', '0') THEN false END",
    ),
    "mantissa_try_date": (
        ("x",),
        "CASE WHEN regexp_full_match(mantissa_trim(x), '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}') "
        "THEN TRY_CAST(mantissa_trim(x) AS DATE) END",
    ),
    "mantissa_try_timestamp": (
        ("x",),
        "CASE WHEN regexp_full_match(mantissa_trim(x), '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
        "( ([01]?[0-9]|2[0-3]):[0-9]{1,2}(:[0-9]{1,2}(\\.[0-9]{1,6})?)?)?') "
        "THEN TRY_CAST(regexp_replace(mantissa_trim(x), ' ([0-9]+):([0-9]+)$', ' \\1:\\2:00') "
        "AS TIMESTAMP) END",
    ),
    "mantissa_round_ms": (
        ("x", "unit"),
        "make_timestamp(CAST(floor((epoch_us(x) + unit // 2) / unit) AS BIGINT) * unit)",
    ),
    "mantissa_iso_time": (
        ("x",),
        "date_trunc('millisecond', CAST(CASE WHEN x IS NULL THEN NULL WHEN regexp_full_match(x, "
        "'[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?"
        "(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?') THEN regexp_replace(regexp_replace(replace(x, ',', '.'), "
        "'(\\.[0-9]{6})[0-9]+', '\\1'), 'T([0-9:]{5})([^:0-9]|$)', 'T\\1:00\\2') "
        "ELSE mantissa_fail('this text is no ISO 8601 time') END AS TIMESTAMPTZ))",
    ),
    "mantissa_json_scalar": (
        ("x", "p"),
        "CASE WHEN x IS NULL THEN NULL WHEN NOT json_valid(x) THEN mantissa_json_slow(x, p, 'scalar') "
        "WHEN json_type(x, p) IN ('VARCHAR', 'BOOLEAN', 'UBIGINT') THEN json_extract_string(x, p) "
        "WHEN json_type(x, p) = 'BIGINT' AND json_extract_string(x, p) <> '0' "
        "THEN json_extract_string(x, p) WHEN json_type(x, p) = 'DOUBLE' "
        # The fraction as the document writes it, where no other spelling of it can be meant.
        "AND contains(x, json_extract_string(x, p)) "
        "AND NOT contains(x, json_extract_string(x, p) || '0') "
        "AND NOT regexp_matches(x, '[0-9][eE][-+]?[0-9]|[0-9.]{18}|-0') "
        "THEN json_extract_string(x, p) WHEN json_type(x, p) IN ('DOUBLE', 'BIGINT', 'HUGEINT', "
        "'UHUGEINT') THEN mantissa_json_slow(x, p, 'scalar') END",
    ),
    "mantissa_json_value": (
        ("x", "p"),
        "CASE WHEN x IS NULL THEN NULL WHEN NOT json_valid(x) "
        "OR regexp_matches(CAST(json_extract(x, p) AS VARCHAR), '[0-9][.eE][-+]?[0-9]|-0|[0-9]{18}|\\\\u') "
        "THEN mantissa_json_slow(x, p, 'json') ELSE CAST(json_extract(x, p) AS VARCHAR) END",
    ),
    "mantissa_json_length": (
        ("x",),
        "CASE WHEN x IS NULL THEN NULL WHEN NOT json_valid(x) THEN NULL "
        "WHEN json_type(x) = 'ARRAY' THEN CAST(json_array_length(x) AS BIGINT) END",
    ),
    "mantissa_json_size": (
        ("x", "p"),
        "CASE WHEN x IS NULL THEN NULL WHEN NOT json_valid(x) THEN NULL "
        "WHEN json_type(x, p) = 'ARRAY' THEN CAST(json_array_length(x, p) AS BIGINT) "
        "WHEN json_type(x, p) = 'OBJECT' THEN len(json_keys(x, p)) "
        "WHEN json_type(x, p) IS NOT NULL THEN 0 END",
    ),
    "mantissa_json_is_scalar": (
        ("x",),
        "CASE WHEN x IS NULL THEN NULL WHEN NOT json_valid(x) "
        "THEN mantissa_fail_int('this text is no JSON') = 0 "
        "ELSE json_type(x) NOT IN ('OBJECT', 'ARRAY') END",
    ),
    "mantissa_json_contains": (
        ("x", "v"),
        "CASE WHEN x IS NULL OR v IS NULL THEN NULL WHEN NOT json_valid(x) THEN NULL "
        "WHEN json_type(x) = 'ARRAY' THEN len(list_filter(CAST(json_extract(x, '$[*]') AS JSON[]), "
        "lambda e: json_type(e) = 'VARCHAR' AND json_extract_string(e, '$') = v)) > 0 END",
    ),
    "mantissa_json_text": (("x",), "CAST(to_json(x) AS VARCHAR)"),
    "mantissa_json_cast": (
        ("x", "kind"),
        "CASE WHEN x IS NULL OR x = 'null' THEN NULL "
        "WHEN kind = 'varchar' AND left(x, 1) = '\"' THEN json_extract_string(x, '$') "
        "WHEN left(x, 1) IN ('{', '[') THEN mantissa_fail('an object or array is no plain value') "
        "WHEN kind = 'varchar' AND regexp_matches(x, '[.eE][-+]?[0-9]') "
        "THEN mantissa_double_text(CAST(x AS DOUBLE)) "
        "WHEN kind = 'varchar' THEN x ELSE mantissa_json_number(x, kind) END",
    ),
    "mantissa_json_members": (
        ("x",),
        "CASE WHEN x IS NULL OR x = 'null' THEN NULL WHEN left(x, 1) <> '[' "
        "OR regexp_matches(x, '[0-9]{18}') THEN string_split(x, mantissa_fail('this JSON is no "
        "array of short values')) ELSE list_transform(CAST(json_extract(x, '$[*]') AS JSON[]), "
        "lambda e: mantissa_json_value(CAST(e AS VARCHAR), '$')) END",
    ),
    "mantissa_round": (
        ("x", "n"),
        "CASE WHEN isnan(x) OR isinf(x) OR abs(x) * pow(10, n) >= 9007199254740992 THEN x "
        "WHEN x < 0 THEN -(floor(-x * pow(10, n) + 0.5) / pow(10, n)) "
        "ELSE floor(x * pow(10, n) + 0.5) / pow(10, n) END",
    ),
    "mantissa_div_decimal": (
        ("a", "b", "k"),
        "(CASE WHEN b = 0 THEN mantissa_fail_int('Division by zero') "
        "WHEN (a < 0) = (b < 0) THEN 1 ELSE -1 END) * "
        "((abs(a) * k * 2 + abs(b)) // (abs(b) * 2))",
    ),
    "mantissa_lt": (
        ("a", "b"),
        "CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE a < b AND NOT isnan(a) AND NOT isnan(b) END",
    ),
    "mantissa_le": (
        ("a", "b"),
        "CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE a <= b AND NOT isnan(a) AND NOT isnan(b) END",
    ),
    "mantissa_eq": (
        ("a", "b"),
        "CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE a = b AND NOT isnan(a) END",
    ),
}
"""Name → parameters, and the expression."""


def statement(name: str) -> str:
    """Return the statement that makes one macro."""
    parameters, body = MACROS[name]
    return f"CREATE TEMP MACRO {name}({', '.join(parameters)}) AS {body}"


def statements(sql: str) -> tuple[str, ...]:
    """Return the statements that make every macro that the SQL needs, each after what it uses."""
    found: dict[str, None] = {}
    for name in _NAME.findall(sql):
        _collect(name.lower(), found)
    return tuple(statement(name) for name in found)


def functions(sql: str) -> tuple[str, ...]:
    """Return the names in the SQL, and in the macros that it needs, that begin like ours."""
    texts = [sql, *statements(sql)]
    return tuple(dict.fromkeys(name.lower() for text in texts for name in _NAME.findall(text)))


@lru_cache(maxsize=512)
def uses(name: str) -> tuple[int, tuple[int, ...]] | None:
    """Return a macro's own size, and how often it spells out each parameter; None for others."""
    if name not in MACROS:
        return None
    parameters, body = MACROS[name]
    counts = dict.fromkeys(parameters, 0)
    size = 0
    for part in _calls(body, 1, counts):
        size += part
    return size, tuple(counts[p] for p in parameters)


def _calls(body: str, times: int, counts: dict[str, int]) -> list[int]:
    """Count words of a macro; inner macros count as often as they use their first parameter."""
    inner = [uses(n) for n in _NAME.findall(body)]
    most = max((max(found[1], default=1) for found in inner if found), default=1)
    words = re.findall(r"(?<!')\b\w+\b", body)
    for word in words:
        if word in counts:
            counts[word] += times * most
    return [len(words) + sum(found[0] for found in inner if found)]


def _collect(name: str, found: dict[str, None]) -> None:
    if name not in MACROS or name in found:
        return
    for inner in _NAME.findall(MACROS[name][1]):
        _collect(inner, found)
    found[name] = None
