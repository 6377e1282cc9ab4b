"""The public logs as recordings, each a world of its own, judged the way the product judges.

Records go through decoding, a source's mapping, fused queries on DuckDB and correlations over what
these found, as `mantissa rules match` does it; only that all recordings of a source share the fused
queries, as planning thousands of rules costs more than judging thousands of rows.
"""

from __future__ import annotations

import io
import json
import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.correlate_rows import correlate
from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import DUCKDB
from mantissa.detection.prepare import Predicate, Prepared
from mantissa.detection.template import quoted
from mantissa.detection.trial import LIMITS, Rows, Trial, judge, number_of
from mantissa.sources.decode import decode
from mantissa.sources.definition import SourceSpec
from mantissa.sources.record import Batch, Limits
from mantissa.sources.registry import Sources

ROOT = Path(__file__).resolve().parents[1]
UNCLAIMED = "no source recognises the file's records"
SAMPLE = 50
"""Records by which a file's source is recognised."""


def shared_data() -> Path:
    """Return the folder of public logs. Raises `SystemExit` where there is none."""
    named = os.environ.get("MANTISSA_SHARED_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not (folder / "manifest.json").is_file():
        raise SystemExit("there are no public logs: set MANTISSA_SHARED_DATA to their folder")
    return folder


@dataclass(frozen=True)
class Entry:
    """One file of the manifest.

    Args:
        file: path below the folder of public logs.
        events: how many records the manifest counts.
        labels: what its makers say of it.
        alerting: of a file of test events, which of them to read: those that their makers want an
            alert for, or those that they want none for; None for a file of plain records.
    """

    file: str
    events: int
    labels: tuple[str, ...]
    alerting: bool | None = None


@dataclass(frozen=True)
class World:
    """Files whose records belong together.

    Args:
        source: the log source's name; empty when no source carries such records.
    """

    name: str
    corpus: str
    source: str
    files: tuple[Entry, ...]


@dataclass(slots=True)
class Outcome:
    """What became of one world.

    Args:
        rows: its records that became rows.
        records: how many records were given.
        unread: why records did not become rows → how many.
        fired: id of a rule that reports → on how many records; of a correlation → findings.
        belonging: name of a log source's condition → how many rows satisfy it.
    """

    rows: pa.Table
    records: int
    unread: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    belonging: Counter[str] = field(default_factory=Counter)


def manifest(folder: Path) -> list[Entry]:
    """Return every file of the manifest, by path."""
    entries = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["entries"]
    made = [Entry(e["file"], e["events"], tuple(e["labels"])) for e in entries]
    return sorted(made, key=lambda entry: entry.file)


def judged(
    worlds: Sequence[World], folder: Path, sources: Sources, prepared: Prepared
) -> dict[World, Outcome]:
    """Judge every world whose source is known."""
    found: dict[World, Outcome] = {}
    for name in sorted({w.source for w in worlds if w.source}):
        mine = [w for w in worlds if w.source == name]
        found |= _of_source(mine, folder, sources, prepared, sources[name])
    return found


def _of_source(
    worlds: Sequence[World], folder: Path, sources: Sources, prepared: Prepared, spec: SourceSpec
) -> dict[World, Outcome]:
    trial = Trial()
    made = list(_outcomes(worlds, folder, sources, spec, trial))
    starts = list(accumulate((outcome.records for outcome in made), initial=0))
    every = pa.concat_tables([outcome.rows for outcome in made])
    predicates = [p for p in prepared.predicates if p.source.name == spec.name]
    judge({spec.table.name: every}, predicates, DUCKDB, RowsEngine, trial)
    if trial.failures:
        raise SystemExit(f"the engine refused a rule: {trial.failures[0]}")
    found = dict(zip(worlds, made, strict=True))
    for number, reason in trial.unread.items():
        found[worlds[bisect_right(starts, number) - 1]].unread[reason] += 1
    reporting = {p.rule.info.id for p in predicates if p.reports}
    for number, ids in trial.fired.items():
        world = worlds[bisect_right(starts, number) - 1]
        found[world].fired.update(ids & reporting)
    for event_id, named in belonging(every, predicates):
        found[worlds[bisect_right(starts, number_of(event_id)) - 1]].belonging.update(named)
    for at, matches in _by_world(trial.matches, starts).items():
        found[worlds[at]].fired.update(_correlated(matches, prepared))
    return found


def _correlated(matches: pa.Table, prepared: Prepared) -> Iterator[str]:
    """Yield the id of each finding's correlation, but of those that only serve others."""
    made = correlate([matches], prepared, RowsEngine)
    if made.failures:
        raise SystemExit(f"the engine refused a correlation: {made.failures}")
    ids = (island.correlation.info.id for island, _ in made.islands)
    return (i for i in ids if i not in prepared.silent)


def _by_world(matches: Iterable[pa.Table], starts: Sequence[int]) -> dict[int, pa.Table]:
    every = list(matches)
    if not every:
        return {}
    joined = pa.concat_tables(every)
    numbers = [number_of(i) for i in joined.column("event_id").to_pylist()]
    homes = pa.array([bisect_right(starts, n) - 1 for n in numbers])
    return {at: joined.filter(pc.equal(homes, at)) for at in sorted(set(homes.to_pylist()))}


def _outcomes(
    worlds: Sequence[World], folder: Path, sources: Sources, spec: SourceSpec, trial: Trial
) -> Iterator[Outcome]:
    """Yield each world's rows; records are numbered over all worlds."""
    first = 0
    for world in worlds:
        made, unread, before = [Rows(spec).map(Batch([], []), trial)], Counter[str](), first
        for entry in world.files:
            raws = records(folder, entry)
            if sources.claim(entry.file, raws[:SAMPLE]).source == spec.name:
                positions = list(range(first, first + len(raws)))
                made.append(Rows(spec).map(Batch(raws, positions), trial))
            else:
                unread[UNCLAIMED] += len(raws)
            first += len(raws)
        yield Outcome(pa.concat_tables(made), first - before, unread)


def records(folder: Path, entry: Entry) -> list[bytes]:
    """Return a file's records in order, without those that nothing can read."""
    with opened(folder, entry) as stream:
        found = [item for item in decode(stream, entry.file, Limits()) if isinstance(item, Batch)]
    placed = [pair for b in found for pair in zip(b.positions, b.raws, strict=True)]
    return [raw for _, raw in sorted(placed, key=lambda pair: pair[0])]


def opened(folder: Path, entry: Entry) -> BinaryIO:
    """Open a file; of test events only the records that are asked for."""
    path = folder / entry.file
    if entry.alerting is None:
        return path.open("rb")
    tests = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    wanted = [t["log"] for t in tests if t["expected_result"] is entry.alerting]
    return io.BytesIO("".join(json.dumps(log) + "\n" for log in wanted).encode())


def condition_of(predicate: Predicate) -> str:
    """Return what tells one log source of a table from another, as text; empty for all rows."""
    if predicate.belongs is None:
        return ""
    return predicate.derived[predicate.belongs].sql(dialect=DUCKDB.name)


def belonging(rows: pa.Table, predicates: Sequence[Predicate]) -> Iterator[tuple[str, list[str]]]:
    """Yield each row's id with the conditions of log sources that it satisfies, "" among them."""
    wanted: Mapping[str, exp.Expr] = {
        condition_of(p): p.derived[p.belongs] for p in predicates if p.belongs is not None
    }
    if not predicates or not rows.num_rows:
        return
    added = [exp.alias_(c.copy(), f"b{n}", quoted=True) for n, c in enumerate(wanted.values())]
    table = predicates[0].source.table.name
    place = exp.Table(this=exp.to_identifier(table, quoted=True))
    query = exp.select(quoted("event_id"), *added).from_(place)
    engine = RowsEngine({table: rows})
    found = engine.run(query.sql(dialect=DUCKDB.name), limits=LIMITS).table
    columns = [found.column(f"b{n}").to_pylist() for n in range(len(wanted))]
    names = list(wanted)
    for at, event_id in enumerate(found.column("event_id").to_pylist()):
        yield event_id, ["", *(n for n, c in zip(names, columns, strict=True) if c[at])]


def members_of(
    correlation: Correlation, known: Mapping[str, Correlation], predicates: Iterable[Predicate]
) -> list[Predicate]:
    """Return what a correlation rests on, through inner ones too."""
    own = list(predicates)
    found: list[Predicate] = []
    for member in correlation.members:
        if member.id in known:
            found += members_of(known[member.id], known, own)
        else:
            found += [p for p in own if p.rule.info.id == member.id]
    return found
