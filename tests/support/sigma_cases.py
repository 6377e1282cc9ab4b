"""The public Sigma cases of the shared data: events, and the rules that must fire on them."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mantissa.detection.match import match_events
from mantissa.detection.prepare import Prepared
from mantissa.detection.trial import OpenRows
from mantissa.sources.decode import decode
from mantissa.sources.record import Batch, Limits
from mantissa.sources.registry import load_sources

SOURCES = load_sources()
CLOUDTRAIL_FOLDERS = ("invictus", "sans504", "stratus")

Pairs = dict[str, set[tuple[str, str]]]
"""Rule's file name → (file, event id) pairs."""


def variants(shared_data: Path) -> list[dict[str, Any]]:
    """Return mutated Windows events with the rules that fire on each."""
    text = (shared_data / "sigma_variants.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def differences_on_variants(
    shared_data: Path, ready: Prepared, open_rows: OpenRows
) -> tuple[Counter[str], Counter[str]]:
    """Return the rules that missed events and those that fired too much, with how many."""
    cases = variants(shared_data)
    events = "".join(json.dumps(case["event"]) + "\n" for case in cases).encode()
    found = fired(events, "windows", ready, open_rows)
    return differences(found, {n: case["rules"] for n, case in enumerate(cases)})


def fired(
    events: bytes, source: str, ready: Prepared, open_rows: OpenRows
) -> Mapping[int, tuple[str, ...]]:
    decoded = decode(io.BytesIO(events), "events.jsonl", Limits())
    report = match_events([decoded], SOURCES[source], ready, open_rows)
    assert report.unread == {}
    return report.matches


def differences(
    found: Mapping[int, tuple[str, ...]], expected: Mapping[int, list[str]]
) -> tuple[Counter[str], Counter[str]]:
    missed: Counter[str] = Counter()
    extra: Counter[str] = Counter()
    for number, wanted in expected.items():
        missed.update(set(wanted) - set(found[number]))
        extra.update(set(found[number]) - set(wanted))
    return missed, extra


def cloudtrail_wanted(shared_data: Path) -> Pairs:
    """Return which rule must fire on which CloudTrail event."""
    text = (shared_data / "sigma_expected.json").read_text()
    found = json.loads(text)["rules"]
    return {name: {(file, event) for file, event in pairs} for name, pairs in found.items()}


def cloudtrail_found(shared_data: Path, ready: Prepared, open_rows: OpenRows) -> Pairs:
    """Return which rule fires on which CloudTrail event."""
    folder = shared_data / "aws_cloudtrail"
    files = [p for f in CLOUDTRAIL_FOLDERS for p in sorted((folder / f).rglob("*.json*"))]
    names = {p.rule.info.id: Path(p.rule.path).stem for p in ready.predicates}
    found: Pairs = {}
    for path, raw, ids in matched(files, "aws_cloudtrail", ready, open_rows):
        place = path.relative_to(shared_data).as_posix()
        for rule_id in ids:
            found.setdefault(names[rule_id], set()).add((place, json.loads(raw)["eventID"]))
    return found


def matched(
    files: list[Path], source: str, ready: Prepared, open_rows: OpenRows
) -> Iterator[tuple[Path, bytes, tuple[str, ...]]]:
    """Match all files in one go; yield each record's file, text and the rules that fire on it."""
    places: dict[int, tuple[Path, bytes]] = {}
    first = 0

    def records(path: Path) -> Iterator[Any]:
        nonlocal first
        end = first
        with path.open("rb") as stream:
            for item in decode(stream, path.name, Limits()):
                positions = item.positions if isinstance(item, Batch) else [item.position]
                raws = item.raws if isinstance(item, Batch) else [b""]
                for position, raw in zip(positions, raws, strict=True):
                    places[first + position] = (path, raw)
                    end = max(end, first + position + 1)
                yield item
        first = end

    report = match_events((records(path) for path in files), SOURCES[source], ready, open_rows)
    assert report.events == first
    for number, ids in report.matches.items():
        yield *places[number], ids
