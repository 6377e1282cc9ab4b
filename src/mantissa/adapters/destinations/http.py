"""One POST to someone else's server, bounded in every direction.

Only checked addresses are connected to, the whole exchange ends by one deadline, the body is
read up to 64 KiB, redirects are not followed and proxies from the environment are not used. This is the only place where errors of `httpx` and `httpcore` become
`DeliveryTransient` or `DeliveryPermanent`.
"""

from __future__ import annotations

import contextlib
import functools
import re
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpcore
import httpx

from mantissa.adapters.destinations.address import (
    Address,
    Network,
    Resolver,
    checked,
    is_allowed_network,
    resolve,
    resolve_within,
)
from mantissa.adapters.destinations.transport import Pinned, Transport
from mantissa.errors import (
    DeliveryError,
    DeliveryPermanent,
    DeliveryTransient,
    DeliveryUnauthorised,
)

BODY = 64 * 1024
_HOST = re.compile(rb"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
RETRY_STATUS = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Net:
    """How to reach other servers; tests shorten the times and give their own resolver.

    Args:
        connect, read: seconds for one socket operation.
        total: seconds for the whole exchange, the name's resolution included.
    """

    connect: float = 5.0
    read: float = 10.0
    total: float = 20.0
    resolver: Resolver = resolve
    context: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Args:
        body: at most 64 KiB of it.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """What to post. Headers and URL may hold credentials and stay out of every repr.

    Args:
        allowed: networks that are private or loopback and yet meant; plain http goes only there.
        name: the destination's, to say in errors instead of the URL.
    """

    name: str
    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)
    allowed: Sequence[Network] = ()


def post(request: Request, net: Net) -> Answer:
    """Post and return the answer, whatever its status.

    Raises `DeliveryTransient` for anything on the network, `DeliveryPermanent` for a URL or an
    address that is not allowed.
    """
    deadline = time.monotonic() + net.total
    url = _parse(request)
    port = url.port or (443 if url.scheme == "https" else 80)
    found = resolve_within(net.resolver, url.host, port, min(net.connect, net.total))
    addresses = checked(url.host, found, request.allowed, port)
    if url.scheme != "https" and not all(is_allowed_network(a, request.allowed) for a in addresses):
        raise _refused(request, "the address must start with https://")
    with _translated(request.name), _client(addresses, net, deadline) as client:
        return _exchange(client, url, request, deadline)


def refusal(answer: Answer, name: str, detail: str, now: datetime) -> DeliveryError:
    """Make the error for an answer that is not a success, by its status alone."""
    told = f"answered {answer.status}" + (f": {detail}" if detail else "")
    status = answer.status
    if status in (401, 403):
        return DeliveryUnauthorised(told, where=name, status=status, fix="check its secret")
    if status in RETRY_STATUS or status >= 500 or status < 400:
        wait = retry_after(answer.headers.get("retry-after", ""), now)
        return DeliveryTransient(told, where=name, status=status, retry_after=wait)
    return DeliveryPermanent(told, where=name, status=status, fix=f"mantissa alerts test {name}")


def retry_after(text: str, now: datetime) -> float | None:
    """Read a `Retry-After` header (RFC 9110, 10.2.3): seconds or a date; None for anything else."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - now).total_seconds())


def _parse(request: Request) -> httpx.URL:
    try:
        url = httpx.URL(request.url)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise _refused(request, "its address is not a URL") from None
    if url.scheme not in ("https", "http") or not url.host:
        raise _refused(request, "the address must start with https://")
    if not _HOST.fullmatch(url.raw_host):
        raise _refused(request, "the address holds no usable host name")
    if url.userinfo:
        raise _refused(request, "the address must not hold a user name")
    return url


def _refused(request: Request, problem: str) -> DeliveryPermanent:
    return DeliveryPermanent(problem, where=request.name, fix="change it in the settings or secret")


def _exchange(client: httpx.Client, url: httpx.URL, request: Request, deadline: float) -> Answer:
    headers = {"user-agent": "mantissa-log", "accept-encoding": "identity", **request.headers}
    with client.stream("POST", url, content=request.body, headers=headers) as response:
        body = bytearray()
        for chunk in response.iter_raw(8192):
            body += chunk
            if len(body) >= BODY or time.monotonic() > deadline:
                break
        return Answer(response.status_code, dict(response.headers), bytes(body[:BODY]))


def _client(addresses: Sequence[Address], net: Net, deadline: float) -> httpx.Client:
    timeout = httpx.Timeout(net.read, connect=net.connect)
    transport = Transport(Pinned(addresses, deadline), net.context or _verified())
    return httpx.Client(
        transport=transport, timeout=timeout, follow_redirects=False, trust_env=False
    )


@functools.cache
def _verified() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


@contextlib.contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except (httpx.TimeoutException, httpcore.TimeoutException) as error:
        raise DeliveryTransient("did not answer in time", where=name) from error
    except (
        httpx.HTTPError,
        httpx.StreamError,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        ssl.SSLError,
        OSError,
    ) as error:
        told = f"could not be reached: {type(error).__name__}: {error}"
        raise DeliveryTransient(told, where=name) from error
