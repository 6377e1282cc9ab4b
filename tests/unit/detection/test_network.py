"""Addresses as keys: the same answers as Python's `ipaddress`, with mapped addresses as IPv4."""

from __future__ import annotations

import ipaddress

import duckdb
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mantissa.detection.dialects import DUCKDB
from mantissa.detection.network import key_range
from mantissa.detection.template import quoted

FORMS = [
    "1.2.3.4",
    "01.2.3.4",
    "1.2.3",
    "1.2.3.256",
    "1.2.3.4 ",
    "::",
    "::1",
    ":::",
    "1::2::3",
    "fe80::1%eth0",
    "FE80::1%12",
    "1.2.3.4%eth0",
    "%eth0",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
    "1::3:4:5:6:7:8",
    "1::2:3:4:5:6:7:8",
    "12345::",
    "::FFFF:10.1.2.3",
    "::ffff:0a01:203",
    "1:2:3:4:5:6:1.2.3.4",
    "1:2:3:4:5:6:7:1.2.3.4",
    "64:ff9b::10.0.0.1",
    "a:b:c:d:e::1.2.3.4",
    "a:b:c:d:e:f::1.2.3.4",
    "::1.2.3.04",
    "",
    "x",
]


MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def python_key(text: str) -> str | None:
    if ":" in text:
        text = text.partition("%")[0]  # the zone, which is the machine's own affair
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return f"{'0' * 20}ffff{int(address):08x}"
    return f"{int(address):032x}"


def keys(texts: list[str]) -> list[str | None]:
    connection = duckdb.connect()
    connection.register("t", pa.table({"n": list(range(len(texts))), "x": texts}))
    sql = DUCKDB.address_key(quoted("x")).sql("duckdb")
    return [k for (k,) in connection.execute(f"SELECT {sql} FROM t ORDER BY n").fetchall()]


def inside(text: str, cidr: str) -> bool:
    """Say it with Python's `ipaddress`; a mapped address is the IPv4 address in both families."""
    key = python_key(text)
    if key is None:
        return False
    network = ipaddress.ip_network(cidr)
    address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.IPv6Address(int(key, 16))
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(MAPPED):
        return address in network
    if address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address in network


_ADDRESSES = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda a: a.exploded),
    st.ip_addresses(v=4).map(lambda a: f"::ffff:{a}"),
    st.ip_addresses(v=4).map(lambda a: f"0:0::FFFF:{a}"),
    st.sampled_from(FORMS),
    st.text("0123456789abcdefF:.%", max_size=24),
)
_NETWORKS = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.integers(0, 32)),
    st.tuples(st.ip_addresses(v=6), st.integers(0, 128)),
    st.sampled_from([("::", 0), ("::ffff:0:0", 90), ("::ffff:10.0.0.0", 104), ("fe80::", 10)]),
).map(lambda pair: str(ipaddress.ip_network(f"{pair[0]}/{pair[1]}", strict=False)))


def test_known_forms() -> None:
    assert keys(FORMS) == [python_key(form) for form in FORMS]


@given(st.lists(_ADDRESSES, min_size=20, max_size=60), st.lists(_NETWORKS, min_size=1, max_size=8))
def test_keys_and_containment(texts: list[str], networks: list[str]) -> None:
    found = keys(texts)
    assert found == [python_key(text) for text in texts]
    for network in networks:
        span = key_range(network)
        for text, key in zip(texts, found, strict=True):
            mapped = key is not None and key.startswith("0" * 20 + "ffff")
            within = key is not None and span.first <= key <= span.last
            assert (within and not (mapped and span.skips_mapped)) == inside(text, network)
