"""Where messages may go (S-14)."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from mantissa.adapters.destinations.address import checked, resolve_within
from mantissa.adapters.destinations.http import Net, Request, post
from mantissa.errors import DeliveryPermanent, DeliveryTransient
from support.destinations import LOOPBACK_NETWORKS as LOOPBACK
from support.destinations import PATIENT
from support.receiver import Receiver

REFUSED = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::808:808",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "2001:0:808:808::1",
    "::127.0.0.1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_inner_addresses_are_refused(address: str) -> None:
    with pytest.raises(DeliveryPermanent, match="not a public one"):
        checked("h", [address], (), 443)


@pytest.mark.parametrize("address", REFUSED)
def test_one_bad_address_spoils_a_name(address: str) -> None:
    with pytest.raises(DeliveryPermanent):
        checked("h", ["8.8.8.8", address], (), 443)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_public_addresses_are_fine_on_web_ports_only(address: str) -> None:
    assert checked("h", [address], (), 443)
    with pytest.raises(DeliveryPermanent):
        checked("h", [address], (), 22)


def test_what_is_meant_may_be_allowed_but_never_the_metadata_service() -> None:
    everything = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
    assert checked("h", ["127.0.0.1"], LOOPBACK, 9000)
    assert checked("h", ["10.1.1.1"], everything, 9000)
    for address in ("169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "fe80::1"):
        with pytest.raises(DeliveryPermanent):
            checked("h", [address], everything, 443)
    with pytest.raises(DeliveryPermanent):
        checked("h", ["10.1.1.1"], LOOPBACK, 443)


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "①②⑦.0.0.1"]
)
def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    with Receiver() as server, pytest.raises((DeliveryPermanent, DeliveryTransient)):
        post(Request("d", f"https://{host}:{server.port}/hook", b""), PATIENT)
    assert server.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.test/",
        "ftp://example.test/",
        "https://",
        "//example.test",
        "file:///etc/passwd",
        "https://user:pass@example.test/",
        "https://exa mple.test/",
        "gopher://x",
        "",
        "http://8.8.8.8/",
    ],
)
def test_only_https(url: str) -> None:
    net = Net(resolver=lambda host, port: ["8.8.8.8"])
    with pytest.raises(DeliveryPermanent):
        post(Request("d", url, b""), net)


def test_a_name_that_changes_its_answer_gains_nothing() -> None:
    """DNS rebinding: the name is asked once, and the checked address is connected to."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    asked: list[str] = []

    def resolver(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers.pop(0)

    with Receiver() as server:
        url = f"http://rebind.example:{server.port}/hook"
        request = Request("d", url, b"{}", allowed=LOOPBACK)
        answer = post(request, replace(PATIENT, resolver=resolver))
        assert answer.status == 401, "the receiver answered, unsigned as the request is"
        assert server.seen[0].headers["host"] == f"rebind.example:{server.port}"
    assert asked == ["rebind.example"]


def test_the_next_address_is_tried() -> None:
    with Receiver() as server:
        net = replace(PATIENT, resolver=lambda h, p: ["127.9.9.9", "127.0.0.1"])
        url = f"http://two.example:{server.port}/hook"
        assert post(Request("d", url, b"{}", allowed=LOOPBACK), net).status == 401


def test_a_resolver_that_hangs_is_left() -> None:
    release = threading.Event()

    def hang(host: str, port: int) -> Sequence[str]:
        release.wait(30)
        return []

    with pytest.raises(DeliveryTransient, match="in time"):
        resolve_within(hang, "h", 443, 0.05)
    release.set()


@pytest.mark.parametrize("error", [OSError("no such name"), UnicodeError("label too long")])
def test_a_name_that_does_not_resolve_is_transient(error: Exception) -> None:
    def fail(host: str, port: int) -> Sequence[str]:
        raise error

    with pytest.raises(DeliveryTransient):
        resolve_within(fail, "h", 443, 1)


def test_a_name_without_addresses_is_transient() -> None:
    with pytest.raises(DeliveryTransient):
        checked("h", [], (), 443)
