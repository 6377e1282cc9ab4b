"""Judge the recorded attacks of the public logs by our rules and the public ones.

    python tools/scorecard.py

Writes `docs/scorecard.md`: names and counts, nothing of the records.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import DUCKDB
from mantissa.detection.load import load_rules
from mantissa.detection.prepare import Prepared, prepare
from mantissa.detection.rule import Rule
from mantissa.model import RuleInfo, Severity
from mantissa.sources.registry import load_sources
from public_logs import ROOT, Entry, judged, manifest, shared_data
from scorecard_attacks import attacks
from scorecard_reasons import Attack, Collected, names, why

PAGE = ROOT / "docs" / "scorecard.md"
OURS, PUBLIC = "ours", "SigmaHQ"
HIT, NOTICED, MISSED = "found", "noticed", "missed"

HEAD = """\
<!-- Written by `make scorecard` from the public logs; the external tests compare it. -->

# Scorecard: recorded attacks, and which rules see them

Each attack is a recording of its own, judged by the {ours} rules and correlations of this product
that report and by the {public} rules of SigmaHQ that run on the sources there are ({waiting}
wait for a source, {refused} are refused).

- **found**: a rule fired that names the attack's ATT&CK technique (or its parent or child).
- **noticed**: only rules fired that name another technique.
- **missed**: no rule fired. Rules of level *informational* are not counted.

The techniques are those of the corpus's labels where it has any, in ATT&CK's present numbers, else
those that its name stands for (`tools/scorecard_attacks.py`). Labels of test events are broad, so a rule
that sees one of them may well name a better technique: then it is *noticed*. *Why not* is worked out from the rules'
tags, log sources and conditions and from what the recording holds. A number after a rule is how many
records it fired on, for a correlation how many findings it made. A recording also holds what went on
beside the attack, so not every rule that fired tells of the attack. Some of our rules were written
because this page showed that they were wanting: of recordings that nobody has seen it promises less. How often our own rules fire
where there is no attack: [the catalogue of rules](reference/rules.md).
"""


def collect(folder: Path) -> tuple[Collected, Collected]:
    """Return our rules and the public ones, prepared together."""
    own, public = ROOT / "rules", folder / "sigmahq"
    rules = load_rules([own, public])
    prepared = prepare(rules, load_sources().values(), DUCKDB)
    every: list[Rule | Correlation] = [*rules.rules, *rules.correlations]
    mine = frozenset(r.info.id for r in every if Path(r.path).is_relative_to(own))
    theirs = frozenset(r.info.id for r in every if r.info.id not in mine)
    return (
        Collected(OURS, rules, prepared, mine),
        Collected(PUBLIC, rules, prepared, theirs),
    )


def play(folder: Path, prepared: Prepared, entries: Sequence[Entry]) -> list[Attack]:
    """Judge every attack, in the order of the page."""
    chosen = attacks(entries)
    found = judged(list(chosen), folder, load_sources(), prepared)
    made = [Attack(world, techniques, found.get(world)) for world, techniques in chosen.items()]
    return sorted(made, key=lambda a: (a.world.corpus, a.world.name))


def fired(attack: Attack, collected: Collected) -> list[tuple[RuleInfo, int]]:
    """Return a collection's rules that fired, those that name a technique of it first."""
    infos = collected.prepared.infos
    counts = attack.found.fired if attack.found is not None else {}
    mine = [
        (infos[i], n)
        for i, n in counts.items()
        if i in collected.ids and infos[i].level != Severity.INFORMATIONAL
    ]
    return sorted(
        mine, key=lambda pair: (not _is_named(attack, pair[0]), pair[0].title, pair[0].id)
    )


def _is_named(attack: Attack, info: RuleInfo) -> bool:
    return names(info.tags, attack.techniques)


def state(attack: Attack, *collections: Collected) -> str:
    """Return what becomes of an attack by some collections together."""
    every = [info for collected in collections for info, _ in fired(attack, collected)]
    if any(_is_named(attack, info) for info in every):
        return HIT
    return NOTICED if every else MISSED


def render(played: Sequence[Attack], ours: Collected, public: Collected) -> str:
    """Return the page."""
    corpora: dict[str, list[Attack]] = {}
    for attack in played:
        corpora.setdefault(attack.world.corpus, []).append(attack)
    lines = [_head(ours, public), *_totals(played, ours, public)]
    for corpus, mine in corpora.items():
        lines += ["", f"## {corpus}", "", *_table(mine, ours, public)]
        for attack in mine:
            lines += ["", *_details(attack, ours, public)]
    return "\n".join(lines) + "\n"


def _head(ours: Collected, public: Collected) -> str:
    prepared = ours.prepared
    reporting = {p.rule.info.id for p in prepared.predicates if p.reports}
    reporting |= {c.info.id for c in prepared.correlations} - prepared.silent
    return HEAD.format(
        ours=f"{len(reporting & ours.ids):,}",
        public=f"{len(reporting & public.ids):,}",
        waiting=f"{sum(r.info.id in public.ids for r in prepared.waiting):,}",
        refused=f"{sum(r.id in public.ids for r in prepared.refused):,}",
    )


def _totals(played: Sequence[Attack], ours: Collected, public: Collected) -> Iterator[str]:
    columns = "ours: found | noticed | SigmaHQ: found | noticed | either: found | noticed | missed"
    yield "## Totals"
    yield ""
    yield f"| corpus | attacks | records | {columns} |"
    yield "|---" + "|--:" * 9 + "|"
    for corpus in sorted({a.world.corpus for a in played}):
        mine = [a for a in played if a.world.corpus == corpus]
        yield _sum(corpus, mine, ours, public)
    for told, mine in _kinds(played):
        yield _sum(f"**{told}**", mine, ours, public)


def _kinds(played: Sequence[Attack]) -> Iterator[tuple[str, list[Attack]]]:
    readable = [a for a in played if a.is_readable]
    tests = [a for a in readable if a.is_test]
    yield "recorded attacks", [a for a in readable if not a.is_test]
    yield "test events of another product's rules", tests
    yield "no source can hold their records", [a for a in played if not a.is_readable]
    yield "all", list(played)


def _sum(name: str, mine: Sequence[Attack], ours: Collected, public: Collected) -> str:
    cells = [len(mine), sum(a.recorded for a in mine)]
    for collections in ((ours,), (public,), (ours, public)):
        states = [state(a, *collections) for a in mine]
        cells += [states.count(HIT), states.count(NOTICED)]
    cells.append(states.count(MISSED))
    return f"| {name} | " + " | ".join(f"{n:,}" for n in cells) + " |"


def _table(mine: Sequence[Attack], ours: Collected, public: Collected) -> Iterator[str]:
    yield "| attack | techniques | records | ours | SigmaHQ |"
    yield "|---|---|--:|---|---|"
    for attack in mine:
        said = ", ".join(attack.techniques[:6]) + (" …" if len(attack.techniques) > 6 else "")
        yield (
            f"| {_safe(attack.world.name)} | {said} | {attack.recorded:,}"
            f" | {_cell(attack, ours)} | {_cell(attack, public)} |"
        )


def _cell(attack: Attack, collected: Collected) -> str:
    count = len(fired(attack, collected))
    return f"{state(attack, collected)}, {count}" if count else MISSED


def _details(attack: Attack, ours: Collected, public: Collected) -> Iterator[str]:
    yield f"### {_safe(attack.world.name)}"
    for collected in (ours, public):
        yield ""
        yield f"{collected.name}: {state(attack, collected)}"
        yield ""
        for info, count in fired(attack, collected):
            mark = "" if _is_named(attack, info) else " (another technique)"
            yield f"- {_safe(info.title)} `{info.id[:8]}`: {count:,}{mark}"
        if state(attack, collected) != HIT:
            yield f"- why not: {_safe(why(attack, collected))}"


def _safe(text: str) -> str:
    """Return text that Markdown shows as it is, in a table too."""
    return "".join(f"\\{c}" if c in "|_*<>`" else c for c in text)


def page(folder: Path, entries: Sequence[Entry] | None = None) -> str:
    """Return the page's text.

    Args:
        entries: the files to judge; all of the manifest if not given.
    """
    ours, public = collect(folder)
    played = play(folder, ours.prepared, entries if entries is not None else manifest(folder))
    return render(played, ours, public)


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(shared_data()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
