"""Real public logs: ours are claimed and read without loss, others' are never taken for ours."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mantissa.sources.decode import decode
from mantissa.sources.mapping import Extractor
from mantissa.sources.record import Bad, Batch, Limits, Skipped
from mantissa.sources.registry import Sources
from support.sources import ENVELOPE, builtin, same

OURS = ("aws_cloudtrail", "aws_vpcflow", "github", "okta")
SAME_AS_OURS = {
    "ocsf_pairs:AWS/CloudTrail": "aws_cloudtrail",
    "ocsf_pairs:AWS/v1.0.0-rc.2": "aws_cloudtrail",
    "ocsf_pairs:AWS/v1.1.0": "aws_cloudtrail",
    "ocsf_pairs:AWS/v1.5.0": "aws_cloudtrail",
    "ocsf_pairs:GitHub/v1.3.0": "github",
    "ocsf_pairs:Okta/v1.3.0": "okta",
}
"""Sources in the manifest whose raw files are logs of ours."""
SHORTENED = "panther-test-jsonl"
"""Test records of rules: often only the few fields that the rule reads, so not always claimed."""


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources({name: builtin(name) for name in OURS})


@pytest.fixture(scope="module")
def entries(shared_data: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shared_data / "manifest.json").read_text())["entries"]
    return found


def items(path: Path) -> Iterator[Batch | Bad | Skipped]:
    return decode(io.BytesIO(path.read_bytes()), path.name, Limits())


def unwrapped(raw: bytes) -> bytes:
    """The log inside a rule's test record."""
    if not raw.startswith(b'{"name"') or b'"expected_result"' not in raw:
        return raw
    return json.dumps(json.loads(raw)["log"]).encode()


def sample(path: Path) -> list[bytes]:
    found: list[bytes] = []
    for item in items(path):
        if isinstance(item, Batch):
            found += item.raws
        if len(found) >= 50:
            break
    return [unwrapped(raw) for raw in found[:50]]


def owner(entry: dict[str, Any]) -> str | None:
    source = entry["source"]
    return source if source in OURS else SAME_AS_OURS.get(source)


def test_no_file_is_taken_for_another_source(
    sources: Sources, entries: list[dict[str, Any]], shared_data: Path
) -> None:
    """By content alone, and under a name that helps nobody."""
    wrong, claimed = [], Counter[str]()
    for entry in entries:
        if entry["format"] == "evtx":
            continue
        claim = sources.claim("upload/object-1", sample(shared_data / entry["file"]))
        if claim.source is not None:
            claimed[claim.source] += 1
            if claim.source != owner(entry):
                wrong.append((entry["file"], claim.source))
        assert claim.source is not None or len(claim.nearest) == 3
    assert wrong == []
    assert claimed["aws_cloudtrail"] >= 832
    assert claimed["github"] >= 14
    assert claimed["okta"] >= 11
    assert claimed["aws_vpcflow"] >= 2


def test_whole_files_of_ours_are_claimed(
    sources: Sources, entries: list[dict[str, Any]], shared_data: Path
) -> None:
    missed = [
        entry["file"]
        for entry in entries
        if entry["source"] in OURS
        and not entry["format"].startswith((SHORTENED, "eventbridge"))
        and sources.claim("upload/object-1", sample(shared_data / entry["file"])).source
        != entry["source"]
    ]
    assert missed == []


def test_an_unclaimed_file_of_ours_has_its_source_among_the_nearest(
    sources: Sources, entries: list[dict[str, Any]], shared_data: Path
) -> None:
    for entry in entries:
        if entry["source"] in OURS:
            claim = sources.claim(entry["file"], sample(shared_data / entry["file"]))
            assert entry["source"] == claim.source or entry["source"] in claim.nearest


@pytest.mark.parametrize("source", OURS)
def test_no_record_is_lost_and_both_ways_agree(
    source: str, entries: list[dict[str, Any]], shared_data: Path
) -> None:
    spec, reasons = builtin(source), Counter[str]()
    for entry in entries:
        if entry["source"] != source:
            continue
        quick, slow = Extractor(spec), Extractor(spec, fast=False)
        for item in items(shared_data / entry["file"]):
            if not isinstance(item, Batch):
                continue
            batch = Batch([unwrapped(raw) for raw in item.raws], item.positions)
            found = quick.extract(batch, ENVELOPE)
            assert same(found, slow.extract(batch, ENVELOPE)), entry["file"]
            odd = len(found.rejects) + len(found.skipped)
            assert found.table.num_rows + odd == len(batch.raws)
            reasons["rows"] += found.table.num_rows
            reasons.update(str(r.reason) for r in found.rejects)
            reasons["skipped"] += len(found.skipped)
            if not entry["format"].startswith((SHORTENED, "eventbridge")):
                assert found.rejects == [], (entry["file"], found.rejects[:1])
    assert reasons["rows"] > {"aws_cloudtrail": 5800, "github": 130, "okta": 28}.get(source, 1)
