"""Every public log decodes into as many records as its manifest says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mantissa.sources.decode import decode
from mantissa.sources.record import Bad, Batch, Limits
from support.decoding import outcome

# What the manifest counts differently, file by file: (good, bad) and why.
DIFFERENCES = {
    # The manifest counts events; lines are joined by the source's mapping, not by decoding.
    "linux_auth/integrations/system.auth/test-multiline.log": (3, 0),
    # Header lines (#Fields: …) are the mapping's business.
    "iis/beats/iis.access/test-ipv6zone.log": (5, 0),
    "iis/beats/iis.access/test-iis-7.5.log": (8, 0),
    # The manifest counts the events of the expected output, which has fewer than the file.
    "linux_auth/beats/system.auth/secure-rhel7.log": (1000, 0),
    "nginx/integrations/nginx.access/test-test-with-host.log": (10, 0),
    # Three events, and the end of a list that has no beginning.
    "azure_activity/integrations/azure.platformlogs/test-platformlogs-invalid-raw.log": (3, 1),
    # Two documents, each with an event; its JSON twin is counted as two.
    "sigma_regression/rules/windows/process_creation/proc_creation_win_github_self_hosted_runner/"
    "5bac7a56-da88-4c27-922e-c81e113b20cb.evtx": (2, 0),
    "ocsf_pairs/markdown/Zeek/v1.3.0/rdp_log/samples/rdp_log.raw": (2, 0),
}


def test_every_file_gives_the_records_its_manifest_counts(shared_data: Path) -> None:
    entries = json.loads((shared_data / "manifest.json").read_text("utf-8"))["entries"]
    assert len(entries) > 1000
    found, expected = {}, {}
    for entry in entries:
        file = entry["file"]
        expected[file] = (*DIFFERENCES.get(file, (entry["events"], 0)), 0)
        with (shared_data / file).open("rb") as stream:
            results = list(decode(stream, file, Limits()))
        good = sum(len(item.raws) for item in results if isinstance(item, Batch))
        bad = sum(isinstance(item, Bad) for item in results)
        found[file] = (good, bad, sum(not isinstance(r, Batch | Bad) for r in results))
    assert {f: n for f, n in found.items() if n != expected[f]} == {}
    assert set(DIFFERENCES) <= set(found)


@pytest.fixture(scope="module")
def security_evtx(shared_data: Path) -> bytes:
    return (shared_data / "windows_evtx/ocsf-raw/security.evtx").read_bytes()


def test_a_cut_evtx_file_keeps_its_prefix_and_says_so(security_evtx: bytes) -> None:
    whole = outcome(security_evtx)
    found = outcome(security_evtx[: len(security_evtx) // 2])
    assert found.good == whole.good[: len(found.good)]
    assert len(found.good) > 1000
    assert found.reasons[-1] == "bad_format"
    assert "should hold" in found.bad[-1].detail


def test_damage_in_an_evtx_file_costs_its_chunk_only(security_evtx: bytes) -> None:
    whole = outcome(security_evtx)
    damaged = bytearray(security_evtx)
    start = 4096 + 5 * 65536
    damaged[start : start + 8] = b"damaged!"
    for at in range(start + 65536 + 2000, start + 2 * 65536, 97):
        damaged[at] ^= 0x5A
    found = outcome(bytes(damaged))
    assert "chunk 6 has no valid header" in found.bad[0].detail
    assert all("chunk 6" in bad.detail or "chunk 7" in bad.detail for bad in found.bad)
    assert len(found.bad) > 2
    assert len(found.good) > len(whole.good) - 300
    assert set(found.good[-1000:]) == set(whole.good[-1000:])


def test_damaged_evtx_records_are_each_counted(security_evtx: bytes) -> None:
    damaged = bytearray(security_evtx)
    for at in range(70_000, len(damaged), 9973):
        damaged[at] ^= 0x55
    found = outcome(bytes(damaged))
    whole = outcome(security_evtx)
    assert len(found.good) + len(found.bad) >= len(whole.good) * 0.5
    assert "bad_format" in found.reasons
