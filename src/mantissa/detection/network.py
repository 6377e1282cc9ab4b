"""CIDR networks as ranges of a sortable text key that every IP address has.

The key is the address's 16 bytes as 32 hex digits, an IPv4 address in its mapped form
(`::ffff:a.b.c.d`), so that both spellings of one address are one key, as in Trino's IPADDRESS.
An IPv6 network never holds an IPv4 address, however wide it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from sqlglot import exp

from mantissa.detection.template import all_of

MAPPED = "00000000000000000000ffff"
"""First 24 digits of the key of every IPv4 address."""
MAPPED_BITS = 96


@dataclass(frozen=True, slots=True)
class KeyRange:
    """The keys of a network's first and last address."""

    first: str
    last: str
    skips_mapped: bool


def network_of(cidr: str) -> IPv4Network | IPv6Network:
    """Return a network; one of mapped IPv4 addresses is an IPv4 network. Raises `ValueError`."""
    network = ip_network(cidr)
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - MAPPED_BITS))


def key_range(cidr: str) -> KeyRange:
    """Return the key range of a network. Raises `ValueError` if it is none."""
    network = network_of(cidr)
    if isinstance(network, IPv4Network):
        first, last = (f"{MAPPED}{int(network[i]):08x}" for i in (0, -1))
        return KeyRange(first, last, False)
    first, last = (f"{int(network[i]):032x}" for i in (0, -1))
    return KeyRange(first, last, first[:24] <= MAPPED <= last[:24])


def in_range(key: exp.Expr, cidr: str) -> exp.Expr:
    """Ask whether an address, given by its key, lies in a network."""
    span = key_range(cidr)
    within: exp.Expr = exp.Between(
        this=key.copy(),
        low=exp.Literal.string(span.first),
        high=exp.Literal.string(span.last),
    )
    if not span.skips_mapped:
        return within
    mapped = exp.Like(this=key.copy(), expression=exp.Literal.string(MAPPED + "%"))
    return all_of([within, exp.Not(this=mapped)])
