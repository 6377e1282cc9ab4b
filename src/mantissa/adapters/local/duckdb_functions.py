"""Scalar functions that DuckDB lacks and the product's SQL may use, created only when used.

What can be said in DuckDB's own SQL is a macro (`ask/trino/shims.py`); these are the rest.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mantissa.adapters.local import trino_json, trino_text
from mantissa.ask.trino.shims import functions

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def in_network(address: str | None, network: str | None) -> bool | None:
    """Tell whether an address lies in a CIDR network.

    As in Trino's `contains(network, TRY_CAST(address AS IPADDRESS))`: NULL for NULL and for text
    that is no address, and an IPv4 address is the same as its `::ffff:a.b.c.d`, so that it lies
    in `::/0`. Raises ValueError for a bad network.
    """
    if address is None or network is None:
        return None
    return _contains(_network(network), address)


def _contains(network: Network, text: str) -> bool | None:
    packed = trino_text.address_bytes(text)
    if packed is None:
        return None
    address = ipaddress.IPv6Address(packed)
    if network.version == 6:
        return address in network
    mapped = address.ipv4_mapped
    return mapped is not None and mapped in network


@lru_cache(maxsize=4096)
def _network(text: str) -> Network:
    return ipaddress.ip_network(text, strict=False)


def _cidr(addresses: pa.Array, networks: pa.Array) -> pa.Array:
    import pyarrow as pa

    answers: dict[tuple[str | None, str | None], bool | None] = {}
    pairs = list(zip(addresses.to_pylist(), networks.to_pylist(), strict=True))
    for pair in set(pairs):
        answers[pair] = in_network(*pair)
    return pa.array([answers[pair] for pair in pairs], pa.bool_())


class _Function(NamedTuple):
    call: Callable[..., pa.Array]
    parameters: list[Any]
    result: str


def _each(call: Callable[..., Any], kind: str) -> Callable[..., pa.Array]:
    """Return a function of arrays that calls once for every different row of arguments."""

    def made(*columns: pa.Array) -> pa.Array:
        import pyarrow as pa

        rows = list(zip(*(column.to_pylist() for column in columns), strict=True))
        answers = {row: call(*row) for row in dict.fromkeys(rows)}
        return pa.array([answers[row] for row in rows], _arrow(kind))

    return made


def _arrow(kind: str) -> Any:
    import pyarrow as pa

    kinds = {"VARCHAR": pa.string(), "BLOB": pa.binary(), "BIGINT": pa.int64()}
    return kinds[kind]


def _plain(call: Callable[..., Any], parameters: str, result: str) -> _Function:
    return _Function(_each(call, result), parameters.split(), result)


FUNCTIONS: Mapping[str, _Function] = {
    "mantissa_cidr": _Function(_cidr, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "mantissa_json_slow": _plain(trino_json.slow_json, "VARCHAR VARCHAR VARCHAR", "VARCHAR"),
    "mantissa_json_number": _plain(trino_json.json_number, "VARCHAR VARCHAR", "VARCHAR"),
    "mantissa_double_text": _plain(trino_text.double_text, "DOUBLE", "VARCHAR"),
    "mantissa_try_ip": _plain(trino_text.address_bytes, "VARCHAR", "BLOB"),
    "mantissa_ip_text": _plain(trino_text.address_text, "BLOB", "VARCHAR"),
    "mantissa_from_utf8": _plain(trino_text.from_utf8, "BLOB", "VARCHAR"),
    "mantissa_from_hex": _plain(trino_text.from_hex, "VARCHAR", "BLOB"),
    "mantissa_from_base64": _plain(trino_text.from_base64, "VARCHAR", "BLOB"),
    "mantissa_sha512": _plain(trino_text.sha512, "BLOB", "BLOB"),
    "mantissa_levenshtein": _plain(trino_text.levenshtein, "VARCHAR VARCHAR", "BIGINT"),
    "mantissa_crc32": _plain(trino_text.crc32, "BLOB", "BIGINT"),
    "mantissa_url": _plain(trino_text.url_part, "VARCHAR VARCHAR", "VARCHAR"),
    "mantissa_url_parameter": _plain(trino_text.url_parameter, "VARCHAR VARCHAR", "VARCHAR"),
    "mantissa_url_encode": _plain(trino_text.url_encode, "VARCHAR", "VARCHAR"),
    "mantissa_url_decode": _plain(trino_text.url_decode, "VARCHAR", "VARCHAR"),
    "mantissa_from_base": _plain(trino_text.from_base, "VARCHAR BIGINT", "BIGINT"),
    "mantissa_to_base": _plain(trino_text.to_base, "BIGINT BIGINT", "VARCHAR"),
}
"""Name → vectorised implementation over Arrow arrays, parameter types, result type."""


def used(sql: str) -> tuple[str, ...]:
    """Return the names of our functions that the SQL, and the macros that it needs, mention."""
    found = set(functions(sql))
    return tuple(name for name in FUNCTIONS if name in found)


def register(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Create the named functions in a database."""
    from duckdb.func import ARROW, SPECIAL

    for name in names:
        call, parameters, result = FUNCTIONS[name]
        connection.create_function(
            name,
            _bare(call, len(parameters)),
            parameters,
            result,
            type=ARROW,
            null_handling=SPECIAL,
        )


def _bare(call: Callable[..., pa.Array], count: int) -> Any:
    """Hide the annotations, which DuckDB evaluates and which name a late import."""
    if count == 1:
        return lambda first: call(first)
    if count == 2:
        return lambda first, second: call(first, second)
    return lambda first, second, third: call(first, second, third)
