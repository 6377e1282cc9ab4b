"""The scorecard is what the recorded attacks give, judged anew; every attack of the corpora is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

import scorecard
from public_logs import manifest
from scorecard_attacks import STRATUS, WINDOWS, attacks

pytestmark = pytest.mark.timeout(1200)


def test_the_page_is_what_comes_out(shared_data: Path) -> None:
    page = scorecard.PAGE.read_text(encoding="utf-8")
    assert scorecard.page(shared_data) == page, "run `make scorecard`"


def test_every_recording_of_the_corpora_is_an_attack_with_a_name_and_a_technique(
    shared_data: Path,
) -> None:
    entries = manifest(shared_data)
    found = attacks(entries)
    names = {world.name for world in found}
    assert names >= set(WINDOWS)
    recorded = [
        e for e in entries if e.labels and e.file.startswith(("windows_evtx", "windows_otrf"))
    ]
    assert len(recorded) == len(WINDOWS)
    stratus = [e for e in entries if e.file.startswith("aws_cloudtrail/stratus/")]
    assert {Path(e.file).stem for e in stratus} <= names & STRATUS.keys()
    unnamed = {world.name for world, techniques in found.items() if not techniques}
    assert unnamed == {"APT29 emulation, day 1", "attack on a Microsoft 365 tenant"}


def test_the_page_holds_nothing_of_the_records() -> None:
    page = scorecard.PAGE.read_text(encoding="utf-8")
    for told in ("218007301253", "203.0.113", "jmerckle", "IEUser", "pgustavo"):
        assert told not in page
