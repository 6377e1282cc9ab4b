"""Measure how often the library's rules fire on public logs that tell of no attack.

    python tools/rule_noise.py

Writes `rules/noise.json`. What counts as benign, by the manifest's own words:

- *recorded*: files of real activity that no label calls an attack: the background of the S3
  ransomware lab (`background of …`) and the security log of a plain Windows machine. Only these
  say how often a rule fires in daily life, so only they make the rate.
- *constructed*: records made up or picked to show what a log may hold: parsers' and vendors' test
  samples, and the test events of another product's rules that it wants no alert for. They show a
  dangerous action as readily as a harmless one, so a match here is no false alarm by itself, and
  no rate is made of them; it is counted, to be looked at.

- *surroundings*: recordings of attacks other than those that a rule is for. Most of what they hold
  went on beside the attack, but nothing says which records: matches there are at most noise, and
  make no rate. Of a Windows rule about processes or the registry they are all there is.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import DUCKDB
from mantissa.detection.load import load_rules
from mantissa.detection.prepare import Predicate, Prepared, prepare
from mantissa.detection.rule import Rule, RuleSet
from mantissa.sources.registry import load_sources
from public_logs import (
    ROOT,
    Entry,
    Outcome,
    World,
    condition_of,
    judged,
    manifest,
    members_of,
    shared_data,
)
from scorecard_attacks import attacks
from scorecard_reasons import names

FILE = ROOT / "rules" / "noise.json"
RECORDED, CONSTRUCTED, SURROUNDINGS = "recorded", "constructed", "surroundings"
CORPORA: Mapping[str, tuple[str, str, str]] = {
    "aws_cloudtrail/sans504/": ("S3 ransomware lab, background", "aws_cloudtrail", RECORDED),
    "windows_evtx/ocsf-raw/": ("OCSF examples, Windows security log", "windows", RECORDED),
    "aws_cloudtrail/cloud-custodian/": ("Cloud Custodian samples", "aws_cloudtrail", CONSTRUCTED),
    "aws_cloudtrail/integrations/": ("Elastic samples, CloudTrail", "aws_cloudtrail", CONSTRUCTED),
    "aws_cloudtrail/panther/": ("Panther non-alerting tests", "aws_cloudtrail", CONSTRUCTED),
    "aws_vpcflow/integrations/": ("Elastic samples, VPC flows", "aws_vpcflow", CONSTRUCTED),
    "github/integrations/": ("Elastic samples, GitHub", "github", CONSTRUCTED),
    "okta/integrations/": ("Elastic samples, Okta", "okta", CONSTRUCTED),
    "okta/panther/": ("Panther non-alerting tests, Okta", "okta", CONSTRUCTED),
    "windows_security/": ("Elastic samples, Windows security", "windows", CONSTRUCTED),
    "windows_powershell/": ("Elastic samples, PowerShell", "windows", CONSTRUCTED),
    "sysmon/": ("Elastic samples, Sysmon", "windows", CONSTRUCTED),
}
"""Beginning of a path → (corpus, source, kind). Everything else is an attack or has no source."""


KINDS = {name: kind for name, _, kind in CORPORA.values()}


def worlds(entries: Sequence[Entry]) -> list[World]:
    """Return the benign recordings: background as one world, constructed files each alone."""
    together: dict[str, list[Entry]] = {}
    found: list[World] = []
    for entry in entries:
        start = next((s for s in CORPORA if entry.file.startswith(s)), None)
        if start is None or any(not label.startswith("background") for label in _telling(entry)):
            continue
        name, source, kind = CORPORA[start]
        if kind == RECORDED:
            together.setdefault(start, []).append(entry)
        else:
            alone = Entry(entry.file, entry.events, entry.labels, _wanted(entry))
            found.append(World(entry.file, name, source, (alone,)))
    for start, files in together.items():
        found.append(World(start, CORPORA[start][0], CORPORA[start][1], tuple(files)))
    return found


def _telling(entry: Entry) -> tuple[str, ...]:
    """Return the labels that say whether a file is of an attack; those of tests name a rule."""
    return () if "/panther/" in entry.file else entry.labels


def _wanted(entry: Entry) -> bool | None:
    return False if "/panther/" in entry.file else None


def measure(folder: Path) -> dict[str, Any]:
    """Return what `rules/noise.json` holds."""
    rules: RuleSet = load_rules([ROOT / "rules"])
    sources = load_sources()
    prepared = prepare(rules, sources.values(), DUCKDB)
    entries = manifest(folder)
    known = surroundings(entries)
    found = judged([*worlds(entries), *known], folder, sources, prepared)
    scene = Scene(found, known)
    return {
        "corpora": _corpora(scene),
        "rules": dict(sorted(_lines(rules, prepared, scene))),
    }


@dataclass(frozen=True)
class Scene:
    """Every world that was judged.

    Args:
        found: what became of each.
        attacks: those that are recordings of attacks, with the attack's techniques.
    """

    found: Mapping[World, Outcome]
    attacks: Mapping[World, tuple[str, ...]]

    def kind(self, world: World) -> str:
        """Return what kind of benign records a world holds."""
        return SURROUNDINGS if world in self.attacks else KINDS[world.corpus]

    def of(self, rule: Rule | Correlation) -> Iterator[tuple[str, World, Outcome]]:
        """Yield the worlds that say something of a rule's noise: no attack that it is for."""
        for world, outcome in self.found.items():
            techniques = self.attacks.get(world)
            if techniques is None or not names(rule.info.tags, techniques):
                yield self.kind(world), world, outcome


def surroundings(entries: Sequence[Entry]) -> dict[World, tuple[str, ...]]:
    """Return recordings of attacks with their techniques; no test events, no other sources."""
    return {
        world: techniques
        for world, techniques in attacks(entries).items()
        if world.source and not any(entry.alerting for entry in world.files)
    }


def _corpora(scene: Scene) -> list[dict[str, Any]]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for world, outcome in scene.found.items():
        counts[scene.kind(world), world.source, world.corpus] += outcome.rows.num_rows
    return [
        {"corpus": corpus, "kind": kind, "source": source, "records": records}
        for (kind, source, corpus), records in sorted(counts.items())
    ]


def _lines(
    rules: RuleSet, prepared: Prepared, scene: Scene
) -> Iterator[tuple[str, dict[str, Any]]]:
    known = {c.info.id: c for c in prepared.correlations}
    every: tuple[Rule | Correlation, ...] = (*rules.rules, *rules.correlations)
    for rule in every:
        if isinstance(rule, Correlation):
            reads = members_of(rule, known, prepared.predicates)
        else:
            reads = [p for p in prepared.predicates if p.rule.info.id == rule.info.id]
        line = _line(rule, reads, scene)
        yield rule.info.id, line | {"reports": rule.info.id not in prepared.silent}


def _line(rule: Rule | Correlation, reads: Sequence[Predicate], scene: Scene) -> dict[str, Any]:
    logs = {(p.source.name, condition_of(p)) for p in reads}
    records: Counter[str] = Counter()
    matches: Counter[str] = Counter()
    for kind, world, outcome in scene.of(rule):
        records[kind] += sum(outcome.belonging[c] for source, c in logs if source == world.source)
        matches[kind] += outcome.fired[rule.info.id]
    return {
        "title": rule.info.title,
        "path": Path(rule.path).relative_to(ROOT).as_posix(),
        "version": rule.info.version,
        "level": str(rule.info.level),
        "sources": sorted({p.source.name for p in reads}),
        "records": records[RECORDED],
        "matches": matches[RECORDED],
        "per_100k": _rate(matches[RECORDED], records[RECORDED]),
        CONSTRUCTED: {"records": records[CONSTRUCTED], "matches": matches[CONSTRUCTED]},
        SURROUNDINGS: {"records": records[SURROUNDINGS], "matches": matches[SURROUNDINGS]},
    }


def _rate(matches: int, records: int) -> float | None:
    """Return matches per 100,000 records; None where nothing was judged."""
    return round(matches * 100_000 / records, 1) if records else None


def text_of(measured: Mapping[str, Any]) -> str:
    """Return the file's text."""
    return json.dumps(measured, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Measure and write; name the rules that fire, with matches of each kind."""
    measured = measure(shared_data())
    FILE.write_text(text_of(measured), encoding="utf-8")
    kinds = (CONSTRUCTED, SURROUNDINGS)
    lines = [
        (r["matches"], *(r[k]["matches"] for k in kinds), r) for r in measured["rules"].values()
    ]
    for *counts, line in sorted(
        lines, key=lambda found: (*found[:3], found[3]["title"]), reverse=True
    ):
        if any(counts):
            print(*(f"{n:5}" for n in counts), f"{line['level']}: {line['title']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
