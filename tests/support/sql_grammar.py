"""Random expressions in Trino's SQL over the table `odd`, made from the product's own signatures.

Whatever is in the tables of functions is drawn, with arguments of its types: columns, literals
from pools of awkward values, and other calls.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from mantissa.ask.trino.signatures import Signature, is_lambda, lambda_parts, signatures

COLUMNS = {
    "varchar": ["usr", "js", "ip", "dt", "url", "ident.type"],
    "bigint": ["n", "id"],
    "integer": ["i"],
    "double": ["d"],
    "decimal": ["m"],
    "boolean": ["b"],
    "date": ["day"],
    "timestamp": ["ts"],
    "array(varchar)": ["roles"],
    "array(bigint)": ["nums"],
    "map(varchar,varchar)": ["tags"],
}
LITERALS = {
    "varchar": [
        "''",
        "'a'",
        "'a,b,,c'",
        "'É'",
        "' 12 '",
        "'1.50'",
        "'2026-01-02'",
        "'%'",
        "'x=1&y=2'",
        "'alice'",
        '\'{"s":"q"}\'',
        "'6869'",
        "'::1'",
        "'-7'",
        "'1e3'",
        "'true'",
        "'a.b'",
        "'bob'",
    ],
    "bigint": ["0", "1", "-1", "2", "3", "7", "-3", "3000000000", "CAST(5 AS bigint)"],
    "integer": ["0", "1", "-1", "2", "3", "10", "-2"],
    "double": ["0e0", "1.5e0", "-2.5e0", "1e10", "3e0", "0.1e0"],
    "decimal": ["1.5", "-2.25", "0.05", "100.0", "7.0"],
    "boolean": ["true", "false", "CAST(NULL AS boolean)"],
    "date": ["DATE '2026-01-31'", "DATE '2024-02-29'", "DATE '1969-12-31'"],
    "timestamp": [
        "TIMESTAMP '2026-01-02 03:04:05.678'",
        "TIMESTAMP '2026-02-28 23:59:59'",
        "TIMESTAMP '1960-05-05 05:05:05.5'",
    ],
    "timestamptz": [
        "TIMESTAMP '2026-01-02 03:04:05 UTC'",
        "TIMESTAMP '2026-07-02 03:04:05.123 America/New_York'",
        "from_unixtime(d)",
    ],
    "interval_day": ["INTERVAL '1' DAY", "INTERVAL '-36' HOUR", "INTERVAL '90' SECOND"],
    "varbinary": ["to_utf8('hi')", "from_hex('00ff')"],
    "ipaddress": ["TRY_CAST('10.1.2.3' AS ipaddress)", "TRY_CAST(ip AS ipaddress)"],
    "json": ["json_extract(js, '$.a')", "json_extract(js, '$.l')", "json_extract(js, '$')"],
    "array(varchar)": ["ARRAY['a', NULL, 'b']", "split('a.b.c', '.')"],
    "array(bigint)": ["ARRAY[1, 2, 3]", "ARRAY[CAST(NULL AS bigint), 4]"],
    "map(varchar,varchar)": ["MAP(ARRAY['k'], ARRAY['v'])"],
    "array(array(varchar))": ["ARRAY[roles, ARRAY['z']]"],
}
_PATTERNS = [
    "'[a-z]+'",
    r"'\d'",
    "'(?i)E'",
    r"'(\w+)=(\w+)'",
    r"'^\s*$'",
    "'b|c'",
    r"'[^.]'",
    r"'\.'",
    r"'e$'",
    r"'(a)(b?)'",
    "'.'",
    r"'\p{Lu}'",
    "'[À-ÿ]'",
]
_UNITS = [
    "'second'",
    "'minute'",
    "'hour'",
    "'day'",
    "'week'",
    "'month'",
    "'quarter'",
    "'year'",
    "'millisecond'",
]
_PATHS = [
    "'$.s'",
    "'$.a.b'",
    "'$.l[0]'",
    "'$.n'",
    "'$'",
    "'$[3].s'",
    "'$.e'",
    "'$.big'",
    "'$.neg'",
    "'$.l[1]'",
    "'$.a'",
    "'$[\"s\"]'",
    "'$.t'",
    "'$.l'",
]
_MYSQL = [
    "'%Y-%m-%d %H:%i:%s'",
    "'%Y'",
    "'%W %M %e %Y'",
    "'%a %b %c %f'",
    "'%h:%i %p'",
    "'%T'",
    "'%j %y %k %l'",
    "'%r %%'",
]
_JODA = [
    "'yyyy-MM-dd HH:mm:ss.SSS'",
    "'EEE d MMM yy'",
    "'EEEE MMMM dd'",
    "'hh:mm a'",
    "'H:m:s'",
    "'DDD e'",
    "'yyyy''T''HH'",
]
POOLS: dict[tuple[str, int], Sequence[str]] = {
    **{
        (f"regexp_{name}", 1): _PATTERNS
        for name in ("like", "extract", "extract_all", "replace", "count", "split")
    },
    ("regexp_replace", 2): ["''", "'[$0]'", r"'\$x'", "'_'"],
    ("regexp_extract", 2): ["0", "1"],
    ("regexp_extract_all", 2): ["0", "1"],
    **{(name, 0): _UNITS for name in ("date_trunc", "date_add", "date_diff")},
    ("date_add", 1): ["1", "-1", "13", "0", "40", "i % 100"],
    **{(name, 1): _PATHS for name in ("json_extract_scalar", "json_extract", "json_size")},
    ("date_format", 1): _MYSQL,
    ("format_datetime", 1): _JODA,
    ("date_parse", 1): ["'%Y-%m-%d'", "'%Y-%m-%d %H:%i:%s'"],
    ("parse_datetime", 1): ["'yyyy-MM-dd'", "'yyyy-MM-dd HH:mm:ss'"],
    ("date_parse", 0): ["dt", "'2026-01-02'", "date_format(ts, '%Y-%m-%d')"],
    ("parse_datetime", 0): ["dt", "'2026-01-02'"],
    ("from_iso8601_timestamp", 0): [
        "'2026-01-02T03:04:05Z'",
        "'2026-01-02T03:04:05.123456+01:00'",
        "to_iso8601(ts)",
        "dt",
        "'2026-01-02T03:04'",
    ],
    ("from_iso8601_date", 0): ["dt", "'2026-01-02'"],
    ("at_timezone", 1): ["'America/New_York'", "'Asia/Kolkata'", "'UTC'"],
    ("with_timezone", 1): ["'America/New_York'", "'Europe/London'"],
    ("from_unixtime", 1): ["'Asia/Tokyo'"],
    ("lpad", 1): ["0", "3", "8"],
    ("rpad", 1): ["0", "3", "8"],
    ("lpad", 2): ["'0'", "'xy'"],
    ("rpad", 2): ["'0'", "'xy'"],
    ("replace", 1): ["'a'", "'b'", "'.'"],
    ("round", 1): ["0", "1", "2"],
    ("contains", 0): ["'10.0.0.0/8'", "'::/0'", "'2001:db8::/32'"],
    ("chr", 0): ["65", "233", "8364"],
    ("codepoint", 0): ["'a'", "'é'"],
    ("from_hex", 0): ["'6869'", "'FF'", "''"],
    ("from_base64", 0): ["'aGk='", "to_base64(to_utf8(usr))", "'YQ'"],
    ("url_decode", 0): ["'a%20b+c'", "url_encode(usr)"],
    ("json_parse", 0): ['\'{"b":1,"a":[1.50,1e5]}\'', "'\"x\"'", "'[1,null,true]'"],
    ("from_base", 1): ["10", "16", "2"],
    ("to_base", 1): ["2", "16", "36"],
    ("from_base", 0): ["'101'", "'-11'"],
    ("url_extract_parameter", 1): ["'x'", "'q'", "'y'"],
    ("from_unixtime", 0): ["d", "1767323045.123e0", "CAST(n AS double) / 1e6", "-1.5e0", "i"],
    ("split", 1): ["','", "'.'", "'a'"],
    ("split", 2): ["1", "2", "3"],
    ("split_part", 1): ["','", "'.'", "'='"],
    ("split_part", 2): ["1", "2", "9"],
    ("typeof", 0): ["n", "d", "ts", "b", "day", "i", "nums"],
    **{
        (f"url_extract_{part}", 0): ["url", "url", "'https://h.example:99/p?q=1#f'"]
        for part in ("host", "path", "protocol", "query", "fragment", "port", "parameter")
    },
}
KINDS = [k for k in LITERALS if k not in ("array(array(varchar))",)]
OPERATORS = {
    "boolean": [
        "{x} = {y}",
        "{x} <> {y}",
        "{x} < {y}",
        "{x} >= {y}",
        "{x} IS NULL",
        "{x} IS NOT DISTINCT FROM {y}",
        "{x} IN ({y}, {z})",
        "{x} BETWEEN {y} AND {z}",
        "NOT {p}",
        "{p} AND {q}",
        "{p} OR {q}",
        "{s} LIKE {t}",
        "{s} LIKE 'a%'",
        "{s} NOT LIKE '%\\_%' ESCAPE '\\'",
    ],
    "bigint": [
        "{n} + {i}",
        "{n} - {n}",
        "{i} * {n}",
        "{n} / {i}",
        "{n} % {i}",
        "-{n}",
        "CAST({i} AS bigint)",
        "TRY_CAST({s} AS bigint)",
        "CAST({d} AS bigint)",
        "CAST({m} AS bigint)",
        "nums[1]",
        "CASE WHEN {p} THEN {n} ELSE {i} END",
        "CAST({p} AS bigint)",
    ],
    "integer": [
        "{i} + {i}",
        "{i} / {i}",
        "{i} % {i}",
        "TRY_CAST({s} AS integer)",
        "TRY_CAST({n} AS integer)",
        "coalesce({i}, 0)",
        "TRY_CAST({d} AS integer)",
    ],
    "double": [
        "{d} + {i}",
        "{d} * {m}",
        "{d} / {n}",
        "{d} % {i}",
        "CAST({n} AS double)",
        "CAST({m} AS double)",
        "TRY_CAST({s} AS double)",
        "nullif({d}, {d})",
    ],
    "decimal": [
        "{m} + {i}",
        "{m} - {m}",
        "{m} * {i}",
        "{m} / {i}",
        "{m} / 3.0",
        "-{m}",
        "TRY_CAST({s} AS decimal(12,3))",
        "CAST({i} AS decimal(12,1))",
    ],
    "varchar": [
        "{s} || {s}",
        "CAST({n} AS varchar)",
        "CAST({d} AS varchar)",
        "CAST({b} AS varchar)",
        "CAST({ts} AS varchar)",
        "CAST({day} AS varchar)",
        "CAST({m} AS varchar)",
        "CAST({s} AS varchar(3))",
        "CASE {s} WHEN {t} THEN 'hit' ELSE {s} END",
        "if({p}, {s}, {t})",
        "coalesce({s}, {t})",
        "nullif({s}, {t})",
        "CAST(json_extract(js, '$.s') AS varchar)",
        "CAST(TRY_CAST(ip AS ipaddress) AS varchar)",
        "roles[1]",
        "tags['k']",
        "CAST(json_extract(js, '$.n') AS varchar)",
    ],
    "date": [
        "{day} + INTERVAL '1' DAY",
        "{day} - INTERVAL '1' MONTH",
        "CAST({ts} AS date)",
        "TRY_CAST({s} AS date)",
    ],
    "timestamp": [
        "{ts} + INTERVAL '90' MINUTE",
        "{ts} - INTERVAL '1' MONTH",
        "CAST({day} AS timestamp)",
        "TRY_CAST({s} AS timestamp)",
        "CAST({ts} AS timestamp(0))",
        "CAST({ts} AS timestamp(6))",
    ],
    "interval_day": ["{ts} - {ts}", "{day} - {day}"],
    "timestamptz": ["{ts} AT TIME ZONE 'America/New_York'"],
    "array(varchar)": [
        "CAST(json_extract(js, '$.l') AS array(varchar))",
        "concat(roles, ARRAY['z'])",
        "roles || roles",
    ],
    "array(bigint)": ["CAST(nums AS array(bigint))"],
    "map(varchar,varchar)": [],
    "varbinary": [],
    "json": ["CAST({s} AS json)", "CAST(roles AS json)", "CAST({n} AS json)"],
    "ipaddress": [],
}
_HOLES: dict[str, Sequence[str]] = {
    "n": ("bigint",), "i": ("integer",), "d": ("double",), "m": ("decimal",), "s": ("varchar",),
    "t": ("varchar",), "p": ("boolean",), "q": ("boolean",), "ts": ("timestamp",),
    "day": ("date",), "b": ("boolean",),
}  # fmt: skip
_COMPARED = (
    "varchar",
    "bigint",
    "integer",
    "double",
    "decimal",
    "date",
    "timestamp",
    "boolean",
    "timestamptz",
    "ipaddress",
)


class Grammar:
    """Draws expressions; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._by_kind: dict[str, list[Signature]] = {}
        for overloads in signatures().values():
            for signature in overloads:
                if signature.group == "scalar" and signature.name not in ("now", "random"):
                    self._by_kind.setdefault(signature.result, []).append(signature)

    def expression(self, kind: str, depth: int = 2) -> str:
        """Draw an expression of a type."""
        draw = self.random.random()
        if depth <= 0 or draw < 0.12:
            return self.leaf(kind)
        if draw < 0.35 and OPERATORS.get(kind):
            return "(" + self._operated(self.random.choice(OPERATORS[kind]), depth) + ")"
        return self._call(kind, depth)

    def any_expression(self, depth: int = 2) -> str:
        """Draw an expression of any type."""
        return self.expression(self.random.choice(KINDS), depth)

    def leaf(self, kind: str) -> str:
        """Draw a column or a literal."""
        columns, literals = COLUMNS.get(kind, []), LITERALS.get(kind, [])
        pool = columns if columns and (not literals or self.random.random() < 0.7) else literals
        return self.random.choice(pool or ["NULL"])

    def _operated(self, form: str, depth: int) -> str:
        both = self.random.choice(_COMPARED)
        found = form
        for name in ("x", "y", "z"):
            while "{" + name + "}" in found:
                found = found.replace("{" + name + "}", self.expression(both, depth - 1), 1)
        for name, kinds in _HOLES.items():
            while "{" + name + "}" in found:
                made = self.expression(self.random.choice(kinds), depth - 1)
                found = found.replace("{" + name + "}", made, 1)
        return found

    def _call(self, kind: str, depth: int) -> str:
        fits = [
            s
            for result, found in self._by_kind.items()
            for s in found
            if self._gives(s, result, kind)
        ]
        if not fits:
            return self.leaf(kind)
        return self.call(self.random.choice(fits), kind, depth)

    def _gives(self, signature: Signature, result: str, kind: str) -> bool:
        head = kind.split("(")[0]
        if result.startswith("#"):
            result = signature.arguments[int(result[1:]) - 1]
        if result in ("T", "V", "R", "U", "K", "S"):
            return kind in ("varchar", "bigint", "integer")
        if result.startswith("array(") and kind.startswith("array("):
            return result in (kind, "array(T)", "array(U)", "array(K)", "array(V)")
        if result.startswith("@"):
            return head == "decimal"
        return result.replace(" ", "") == kind or (
            head in ("timestamp", "timestamptz") and result.split("(")[0] == head
        )

    def call(self, signature: Signature, kind: str, depth: int) -> str:
        """Draw a call of one overload."""
        count = len(signature.arguments) + (self.random.randint(0, 2) if signature.variadic else 0)
        patterns = signature.patterns(count) or ()
        member = kind[6:-1] if kind.startswith("array(") else kind
        if "array(T)" not in signature.result and signature.result != "T":
            member = self.random.choice(["varchar", "bigint"])
        arguments = [
            self._argument(signature, place, pattern, member, depth)
            for place, pattern in enumerate(patterns)
        ]
        return f"{signature.name}({', '.join(arguments)})"

    def _argument(
        self, signature: Signature, place: int, pattern: str, member: str, depth: int
    ) -> str:
        pool = POOLS.get((signature.name, place))
        if pool is not None and not (signature.name == "contains" and "array" in pattern):
            return self.random.choice(list(pool))
        if is_lambda(pattern):
            return self._lambda(pattern, member)
        if signature.name == "map" and place < 2:
            return ["ARRAY['a', 'b']", "ARRAY['x', 'y']"][place]
        kind = _instance(pattern, member)
        return self.expression(kind, depth - 1)

    def _lambda(self, pattern: str, member: str) -> str:
        parameters, result = lambda_parts(pattern)
        if len(parameters) == 2:
            return "(a, e) -> a"
        if parameters == ["S"]:
            return "s -> s"
        if result == "boolean":
            tests = {
                "varchar": ["e LIKE 'a%'", "e = 'dev'", "length(e) > 1", "e IS NULL"],
                "bigint": ["e > 1", "e % 2 = 0", "e IS NOT NULL"],
            }
            return f"e -> {self.random.choice(tests.get(member, ['e IS NULL']))}"
        made = {"varchar": ["upper(e)", "e || 'x'", "e"], "bigint": ["e + 1", "e * e", "e"]}
        return f"e -> {self.random.choice(made.get(member, ['e']))}"


def _instance(pattern: str, member: str) -> str:
    """Return a type of the pools for a pattern."""
    plain = {
        "T": member,
        "U": "varchar",
        "S": "bigint",
        "K": "varchar",
        "V": "varchar",
        "R": "bigint",
    }
    if pattern in plain:
        return plain[pattern]
    if pattern == "array(array(T))":
        return "array(array(varchar))"
    if pattern in ("array(T)", "array(K)", "array(V)"):
        return f"array({member})" if member in ("varchar", "bigint") else "array(varchar)"
    if pattern.startswith("map("):
        return "map(varchar,varchar)"
    return pattern


Draw = Callable[[int], str]
