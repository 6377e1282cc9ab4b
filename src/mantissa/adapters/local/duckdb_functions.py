"""Scalar functions that DuckDB lacks and the product's SQL may use, created only when used."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def in_network(address: str | None, network: str | None) -> bool | None:
    """Tell whether an address lies in a CIDR network.

    As in Trino's `contains(network, TRY_CAST(address AS IPADDRESS))`: NULL for NULL and for text
    that is no address, and `::ffff:a.b.c.d` is the IPv4 address. Raises ValueError for a bad
    network.
    """
    if address is None or network is None:
        return None
    return _contains(_network(network), address)


def _contains(network: Network, text: str) -> bool | None:
    if "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if address.version == 6 else None
    return (mapped or address) in network


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


FUNCTIONS: Mapping[str, _Function] = {
    "mantissa_cidr": _Function(_cidr, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
}
"""Name → vectorised implementation over Arrow arrays, parameter types, result type."""


def used(sql: str) -> tuple[str, ...]:
    """Return the names of our functions that the SQL mentions."""
    text = sql.lower()
    return tuple(name for name in FUNCTIONS if name in text)


def register(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Create the named functions in a database."""
    from duckdb.func import ARROW, SPECIAL

    for name in names:
        call, parameters, result = FUNCTIONS[name]
        connection.create_function(
            name, _bare(call), parameters, result, type=ARROW, null_handling=SPECIAL
        )


def _bare(call: Callable[..., pa.Array]) -> Any:
    """Hide the annotations, which DuckDB evaluates and which name a late import."""
    return lambda first, second: call(first, second)
