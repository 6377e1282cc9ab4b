"""Which addresses a message may be sent to.

A destination's host is resolved once, every address it has is checked, and the connection goes
to a checked address: a name that answers differently the second time gains nothing. Names are
never judged by their spelling (`127.1`, `0x7f.1` and circled digits all resolve to loopback).
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Sequence

from mantissa.errors import DeliveryPermanent, DeliveryTransient

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
"""Turns a host and port into addresses as text. Raises `OSError`."""

PORTS = frozenset({443, 8443})

_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "0.0.0.0/8", "::/128")
)
"""Link-local, where clouds keep their metadata services, is refused whatever is allowed."""
_NAT64 = tuple(ipaddress.IPv6Network(t) for t in ("64:ff9b::/96", "64:ff9b:1::/48"))
_TUNNELS = tuple(ipaddress.IPv6Network(t) for t in ("2001::/32", "2002::/16", "::/96"))


def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve_within(resolver: Resolver, host: str, port: int, seconds: float) -> Sequence[str]:
    """Resolve a host, giving up after some seconds: the system's resolver knows no limit.

    Raises `DeliveryTransient`.
    """
    answers: queue.Queue[Sequence[str] | OSError] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(resolver(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        answer = answers.get(timeout=max(0.0, seconds))
    except queue.Empty:
        raise DeliveryTransient("the name could not be resolved in time", where=host) from None
    if isinstance(answer, OSError):
        raise DeliveryTransient(f"the name could not be resolved: {answer}", where=host)
    return answer


def checked(
    host: str, addresses: Iterable[str], allowed: Sequence[Network], port: int
) -> list[Address]:
    """Return a host's addresses if every one of them may be connected to.

    Args:
        allowed: networks that are private or loopback and yet meant.

    Raises `DeliveryPermanent`.
    """
    parsed = [ipaddress.ip_address(text.split("%", 1)[0]) for text in addresses]
    if not parsed:
        raise DeliveryTransient("the name has no address", where=host)
    for address in parsed:
        if not _may(address, allowed, port):
            raise DeliveryPermanent(
                f"address {address} port {port} is not a public one that messages may go to",
                where=host,
                fix="if it is meant, add its network to allow_networks of the destination",
            )
    return parsed


def is_allowed_network(address: Address, allowed: Sequence[Network]) -> bool:
    """Tell whether the user named a network that holds the address."""
    return any(address.version == net.version and address in net for net in allowed)


def _may(address: Address, allowed: Sequence[Network], port: int) -> bool:
    inner = _inner(address)
    if any(is_allowed_network(a, _NEVER) for a in (address, inner)):
        return False
    if is_allowed_network(address, allowed):
        return True
    return port in PORTS and all(_is_public(a) for a in (address, inner))


def _is_public(address: Address) -> bool:
    tunnel = address.version == 6 and any(address in net for net in (*_TUNNELS, *_NAT64))
    return address.is_global and not address.is_multicast and not tunnel


def _inner(address: Address) -> Address:
    """Unwrap the IPv4 address that some IPv6 addresses carry."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour or address
    if any(address in net for net in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
