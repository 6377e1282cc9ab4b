"""The catalogue of the library's rules as a page: what each is, what proves it, how noisy it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mantissa.detection.correlation import Correlation
from mantissa.detection.coverage import techniques_of
from mantissa.detection.dialects import DUCKDB
from mantissa.detection.load import load_rules
from mantissa.detection.noise import FILE
from mantissa.detection.prepare import Prepared, prepare
from mantissa.detection.rule import Rule
from mantissa.sources.registry import load_sources

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "rules"
PAGE = "docs/reference/rules.md"
SOURCES = {"aws": "AWS", "github": "GitHub", "okta": "Okta", "windows": "Windows"}
"""Folder of the library → what it is called here."""

KINDS = {"recorded": "recorded", "constructed": "made-up", "surroundings": "around attacks"}

HEAD = """
# Rules of the library

{count} rules and correlations come with the product and report what they find; {members} more only
serve a correlation. Each has tests of its own. `mantissa rules explain ID` says what one looks for.

**Noise** is how many events out of how many a rule fires on (a correlation: findings) where no attack
is known. *Recorded* are real logs that no label calls an attack; their number is that of the events
of the rule's own log source, and where there are none the noise is not known. *Made-up* are test
samples of parsers and of other rules, which show dangerous actions too: a match there is no false
alarm by itself. *Around attacks* are recordings of attacks that the rule is not for: at most noise.
`make rule-noise` measures again.

| benign events | kind | source | events |
|---|---|---|--:|
"""
TABLE = """
| rule | id | level | kind | source | techniques | tests | noise, recorded | made-up | around attacks |
|---|---|---|---|---|---|--:|--:|--:|--:|
"""


def render() -> str:
    """Return the page, without the note that all such pages begin with."""
    rules = load_rules([RULES])
    every: list[Rule | Correlation] = [*rules.rules, *rules.correlations]
    prepared = prepare(rules, load_sources().values(), DUCKDB)
    measured = json.loads((RULES / FILE).read_text(encoding="utf-8"))
    reporting = [r for r in every if r.info.id not in prepared.silent]
    head = HEAD.format(count=len(reporting), members=len(every) - len(reporting))
    page = head + "".join(_corpora(measured["corpora"]))
    for folder in sorted({_folder(rule) for rule in every}):
        mine = sorted((r for r in every if _folder(r) == folder), key=lambda r: r.info.title)
        lines = (_line(rule, prepared, measured["rules"]) for rule in mine)
        page += f"\n## {SOURCES.get(folder, folder)}\n{TABLE}{''.join(lines)}"
    return page


def _corpora(corpora: list[Mapping[str, Any]]) -> Iterator[str]:
    for each in corpora:
        yield f"| {each['corpus']} | {KINDS[each['kind']]} | {each['source']}"
        yield f" | {each['records']:,} |\n"


def _folder(rule: Rule | Correlation) -> str:
    return Path(rule.path).relative_to(RULES).parts[0]


def _line(rule: Rule | Correlation, prepared: Prepared, measured: Mapping[str, Any]) -> str:
    info = rule.info
    path = Path(rule.path).relative_to(ROOT).as_posix()
    noise = measured.get(info.id)
    cells = [
        f"[{info.title}](../../{path})",
        f"`{info.id[:8]}`",
        str(info.level),
        _kind(rule, prepared),
        ", ".join(noise["sources"]) if noise else "",
        ", ".join(techniques_of(info.tags)),
        str(len(rule.tests)),
        *_noise(noise),
    ]
    return f"| {' | '.join(cells)} |\n"


def _kind(rule: Rule | Correlation, prepared: Prepared) -> str:
    kind = str(rule.kind.value) if isinstance(rule, Correlation) else "rule"
    return f"{kind}, serves a correlation" if rule.info.id in prepared.silent else kind


def _noise(noise: Mapping[str, Any] | None) -> list[str]:
    if noise is None:
        return ["not measured"] * 3
    return [_share(each) for each in (noise, noise["constructed"], noise["surroundings"])]


def _share(counted: Mapping[str, Any]) -> str:
    records = counted["records"]
    return f"{counted['matches']:,} of {records:,}" if records else "not known"
