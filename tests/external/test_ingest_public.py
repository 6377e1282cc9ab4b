"""Every public log of our sources through the ingest: nothing lost, the right reasons, once.

Writes a report of what became of every file (`ingest_public.json`, `ingest_public.md`) into
`MANTISSA_REPORT_DIR`, or into pytest's own folder.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mantissa.adapters.local.clock import SystemClock
from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.local.inputs import FileInputs
from mantissa.adapters.local.sqlite import SQLiteState
from mantissa.lake.ingest import Ingest, Ingested, IngestSettings, LakePorts
from mantissa.lake.status import lake_status
from mantissa.sources.record import Limits
from mantissa.sources.registry import Sources, load_sources
from support.lakes import assert_reconciled, fingerprint

FOLDERS = {
    "aws_cloudtrail": "aws_cloudtrail",
    "aws_vpcflow": "aws_vpcflow",
    "okta": "okta",
    "github": "github",
    "windows_security": "windows",
    "windows_powershell": "windows",
    "windows_otrf": "windows",
    "windows_evtx": "windows",
    "sysmon": "windows",
    "sigma_regression": "windows",
}
"""Folder of the public logs → the source that has to claim what is in it."""

MORE_EVENTS = {
    "sigma_regression/rules/windows/process_creation/proc_creation_win_github_self_hosted_runner/"
    "5bac7a56-da88-4c27-922e-c81e113b20cb.evtx": "the file holds two records, its rule counts one",
}
"""Files whose manifest counts other events than are in them, with the reason."""

UNCLAIMED = {
    r"aws_vpcflow/panther/.*dns_crypto_domain": "records of Route 53 Resolver, which is another log",
    r"aws_vpcflow/panther/": "three fields of a flow, without a time, in Panther's own spelling",
    r"okta/panther/.*(?:behavioral|anomaly)": "results of a scheduled query, no events",
    r"github/panther/": "parts of webhook deliveries, no audit events",
}
"""Files that no source claims, and why that is right: one entry for the object as a whole."""

QUARANTINED = {
    r"aws_cloudtrail/panther/.*ebs_encryption_disabled": {"missing_required"},
    r"aws_cloudtrail/cloud-custodian/.*bedrock-create-customization": {"missing_required"},
    r"github/panther/.*repo_ruleset_modified": {"bad_time", "missing_required"},
    r"github/panther/": {"missing_required"},
    r"okta/panther/.*potentially_stolen_session": {"bad_time"},
    r"okta/panther/": {"missing_required"},
}
"""Test records of rules carry only what their rule reads: often no time. Nothing else is refused."""


@dataclass(frozen=True)
class Became:
    """What one file became."""

    entry: dict[str, Any]
    done: Ingested

    @property
    def file(self) -> str:
        return str(self.entry["file"])

    @property
    def folder(self) -> str:
        return self.file.split("/")[0]


@dataclass(frozen=True)
class World:
    """A lake on disk with every public log of ours in it."""

    home: Path
    state: SQLiteState
    sources: Sources
    files: list[Became]

    def again(self, shared_data: Path) -> list[Ingested]:
        return [self.ingest().one(str(shared_data / f.file)) for f in self.files]

    def ingest(self) -> Ingest:
        ports = LakePorts(FileObjects(self.home), self.state, SystemClock())
        return Ingest(FileInputs(Limits()), ports, self.sources, IngestSettings())


@pytest.fixture(scope="module")
def world(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterable[World]:
    home = tmp_path_factory.mktemp("home")
    state = SQLiteState(home / "state.sqlite")
    entries = json.loads((shared_data / "manifest.json").read_text())["entries"]
    ours = [e for e in entries if e["file"].split("/")[0] in FOLDERS]
    made = World(home, state, load_sources(), [])
    ingest = made.ingest()
    made.files.extend(Became(e, ingest.one(str(shared_data / e["file"]))) for e in ours)
    yield made
    state.close()


def matching(table: dict[str, Any], file: str) -> Any:
    return next((value for pattern, value in table.items() if re.match(pattern, file)), None)


def test_there_are_public_logs_of_every_source(world: World) -> None:
    counted = Counter(f.folder for f in world.files)
    assert set(counted) == set(FOLDERS)
    assert counted["aws_cloudtrail"] >= 836
    assert not any(f.done.already for f in world.files)


def test_every_event_of_every_file_is_accounted_for(world: World) -> None:
    wrong = []
    for found in world.files:
        counts = found.done.counts
        assert counts.balanced, found.file
        expected = found.entry["events"] if found.done.source else 1
        if counts.records != expected and found.file not in MORE_EVENTS:
            wrong.append((found.file, expected, counts.records))
    assert wrong == []
    differing = {
        f.file for f in world.files if f.done.source and f.done.counts.records != f.entry["events"]
    }
    assert differing == set(MORE_EVENTS)


def test_every_file_goes_to_its_source_or_to_none_for_a_reason(world: World) -> None:
    for found in world.files:
        if found.done.source:
            assert found.done.source == FOLDERS[found.folder], found.file
        else:
            assert matching(UNCLAIMED, found.file), found.file
            assert dict(found.done.counts.reasons) == {"unknown_source": 1}, found.file


def test_nothing_is_in_quarantine_but_for_a_known_reason(world: World) -> None:
    for found in world.files:
        reasons = set(found.done.counts.reasons)
        if found.done.source and reasons:
            assert reasons <= (matching(QUARANTINED, found.file) or set()), (found.file, reasons)


def test_only_what_is_no_event_is_filtered(world: World) -> None:
    filtered: Counter[str] = Counter()
    for found in world.files:
        filtered.update(found.done.counts.filtered_by)
    assert filtered == {"CloudTrail Insights event": 1, "CloudTrail digest file": 1}


def test_the_books_balance(world: World) -> None:
    assert_reconciled(FileObjects(world.home), world.state)
    status = lake_status(world.state, world.sources)
    for source in set(FOLDERS.values()):
        rows = sum(f.done.counts.rows for f in world.files if f.done.source == source)
        assert status[world.sources[source].table.name].rows == rows > 0


def test_ingesting_everything_again_changes_nothing(world: World, shared_data: Path) -> None:
    objects = FileObjects(world.home)
    before = fingerprint(objects, world.state)
    assert all(done.already for done in world.again(shared_data))
    assert fingerprint(objects, world.state) == before


def test_the_report_is_written(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    named = os.environ.get("MANTISSA_REPORT_DIR")
    folder = Path(named) if named else tmp_path_factory.mktemp("report")
    folder.mkdir(parents=True, exist_ok=True)
    totals = {name: total(f for f in world.files if f.folder == name) for name in FOLDERS}
    details = [
        {"file": f.file, "events": f.entry["events"], "source": f.done.source}
        | {"records": f.done.counts.records, "rows": f.done.counts.rows}
        | {"reasons": dict(f.done.counts.reasons), "filtered": dict(f.done.counts.filtered_by)}
        for f in world.files
        if f.done.counts.records != f.done.counts.rows or f.done.counts.records != f.entry["events"]
    ]
    report = {"folders": totals, "other_than_rows": details}
    (folder / "ingest_public.json").write_text(json.dumps(report, indent=1))
    (folder / "ingest_public.md").write_text(markdown(totals))
    assert sum(t["files"] for t in totals.values()) == len(world.files)


COLUMNS = ("files", "events", "records", "rows", "quarantined", "filtered", "reasons", "unclaimed")


def total(files: Iterable[Became]) -> dict[str, Any]:
    sums: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for found in files:
        counts = found.done.counts
        sums.update(files=1, events=found.entry["events"], records=counts.records)
        sums.update(rows=counts.rows, quarantined=counts.quarantined, filtered=counts.filtered)
        sums.update(unclaimed=not found.done.source)
        reasons.update(counts.reasons)
    return {name: sums[name] for name in COLUMNS if name != "reasons"} | {"reasons": dict(reasons)}


def markdown(totals: dict[str, dict[str, Any]]) -> str:
    lines = [f"| folder | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, sums in totals.items():
        reasons = ", ".join(f"{r} {n}" for r, n in sums["reasons"].items()) or "none"
        cells = [str(reasons if column == "reasons" else sums[column]) for column in COLUMNS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
