"""The library's noise is what the benign public logs give, measured anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rule_noise
from public_logs import manifest

pytestmark = pytest.mark.timeout(1200)


def test_the_measure_beside_the_rules_is_what_comes_out(shared_data: Path) -> None:
    written = json.loads(rule_noise.FILE.read_text(encoding="utf-8"))
    assert rule_noise.measure(shared_data) == written, "run `make rule-noise`"


def test_what_counts_as_benign_is_no_attack(shared_data: Path) -> None:
    chosen = rule_noise.worlds(manifest(shared_data))
    files = [entry for world in chosen for entry in world.files]
    assert len(files) == len({entry.file for entry in files}) > 500
    told = {label for entry in files for label in entry.labels if "/panther/" not in entry.file}
    assert told == {"background of S3 ransomware lab"}
    assert all(e.alerting is False for e in files if "/panther/" in e.file)


def test_an_attack_says_nothing_of_the_noise_of_rules_for_it(shared_data: Path) -> None:
    known = rule_noise.surroundings(manifest(shared_data))
    assert len(known) > 60
    assert all(techniques and world.source for world, techniques in known.items())
    assert not any(e.alerting for world in known for e in world.files)
