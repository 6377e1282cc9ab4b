"""How fast are Sigma rules judged, beside one query a rule, SQLite and pure Python?

    python bench/detect.py [--rows 1000000] [--rounds 5] [--peers PYTHON] [--trino] [--write]

All ways judge the same rows with the same rules, in turn, each in a process of its own. Which rule
fires on which event is compared, not how many. Where one query for each of many rules would take
an hour, only a sample of the rules is judged so, and the ratio is of processor time a rule.
`--peers` names an interpreter with `pysigma-backend-sqlite` and `azuma`; `--trino` starts a Trino;
what is missing is skipped and said. `--part tuning` takes the other half of the recordings: numbers are tuned there, and scored
on the half that nobody looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from _detect_data import Varied, cloud_calls, process_creations, write
from _measure import Run, Way, spread

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- detect: begin -->", "<!-- detect: end -->"
FILE_ROWS = 50_000
TRINO_SAMPLE = 50
SINGLES = ("singles", "trino-singles")
SEED = {"tuning": 11, "scoring": 12}


@dataclass
class Job:
    """The same rules and rows for several ways.

    With a `sample`, one query a rule is run for the first so many rules alone; their order says
    nothing about them.
    """

    title: str
    source: str
    rules: Sequence[str]
    keys: Sequence[str]
    ways: Sequence[str]
    rounds: int
    sample: int = 0
    rows: int = 0
    runs: dict[str, Way] = field(default_factory=dict)
    hits: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """Where things are."""

    home: Path
    peers: str
    trino: dict[str, Any]
    limit: float

    def run(self, job: Job) -> None:
        """Run every way of a job once a round; a way that is too slow is left out and said."""
        stem = hashlib.sha256(job.title.encode()).hexdigest()[:12]
        for _ in range(job.rounds):
            for name in job.ways:
                self._once(job, name, self.home / f"{stem}-{name}")

    def _once(self, job: Job, name: str, place: Path) -> None:
        way = job.runs.setdefault(name, Way(name, ()))
        described = self._described(job, name, place)
        argv = [*self._program(name), name, str(described)]
        try:
            done = subprocess.run(
                argv, check=True, capture_output=True, text=True, timeout=self.limit, cwd=HERE
            )
        except subprocess.TimeoutExpired:
            print(f"{job.title}: {name} took more than {self.limit:.0f} s", file=sys.stderr)
            job.ways = [n for n in job.ways if n != name]
            del job.runs[name]
            return
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"{name}: {error.stderr[-3000:]}") from error
        way.runs.append(Run(**json.loads(done.stdout.strip().splitlines()[-1])))
        job.rows = way.runs[-1].rows
        job.hits[name] = frozenset(place.with_suffix(".hits").read_text().splitlines())

    def _program(self, name: str) -> list[str]:
        if name in ("sqlite", "azuma"):
            return [self.peers, str(HERE / "_detect_peers.py")]
        return [sys.executable, str(HERE / "_detect_ways.py")]

    def _described(self, job: Job, name: str, place: Path) -> Path:
        path = place.with_suffix(".json")
        flat = self.home / (hashlib.sha256(repr(job.keys).encode()).hexdigest()[:12] + ".flat")
        more = {"home": str(self.home), "hits": str(place.with_suffix(".hits")), "threads": 0}
        rules = job.rules[: job.sample or None] if name in SINGLES else job.rules
        more |= {"source": job.source, "rules": list(rules), "keys": list(job.keys)}
        more |= {"rows": _rows(self.home, job.keys), "trino": self.trino}
        if any(name in ("sqlite", "azuma") for name in job.ways):
            more |= _flattened(more, flat)
        path.write_text(json.dumps(more))
        return path


def _rows(home: Path, keys: Sequence[str]) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(home / key).num_rows for key in keys)


def _flattened(job: dict[str, Any], path: Path) -> dict[str, Any]:
    """Write the rows as JSON under the rules' own names; return how peers must hold them."""
    from _detect_ways import compiled, flat_rows
    from mantissa.detection.dialects import DUCKDB

    described = path.with_suffix(f".{len(job['rules'])}.fields")
    if not described.exists():
        predicates = compiled(job, DUCKDB)
        types = {n: b.type for p in predicates for n, b in p.bindings.items() if not b.path}
        names = {name.lower(): name for name in sorted(types)}
        whole = [name for name in types if types[name] in ("bigint", "boolean")]
        with path.with_suffix(f".{len(job['rules'])}.flat").open("w") as lines:
            lines.writelines(json.dumps(r, default=str) + "\n" for r in flat_rows(job, predicates))
        fields = ["event_id", *names.values()]
        described.write_text(json.dumps({"fields": fields, "numbers": whole}))
    return json.loads(described.read_text()) | {
        "flat": str(path.with_suffix(f".{len(job['rules'])}.flat"))
    }


def rules_of(shared: Path, source: str, category: str) -> list[str]:
    """Return the files of the public rules for a source, in an order that says nothing."""
    from mantissa.detection.dialects import DUCKDB
    from mantissa.detection.load import load_rules
    from mantissa.detection.prepare import prepare
    from mantissa.sources.registry import load_sources

    ready = prepare(load_rules([shared / "sigmahq"]), [load_sources()[source]], DUCKDB)
    found = {
        p.rule.path
        for p in ready.predicates
        if not category or p.rule.logsource.category == category
    }
    return sorted(found, key=lambda path: hashlib.sha256(Path(path).name.encode()).digest())


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.scratch) as name:
        home = Path(name)
        jobs = [job for job in _jobs(options, home) if options.only in job.title]
        with _trino(options, home, jobs) as trino:
            bench = Bench(home, options.peers, trino, options.limit)
            text = [_head(options), ""]
            for job in jobs:
                bench.run(job)
                text += [_table(job), ""]
                print(text[-2], "\n", flush=True)
    if options.write:
        _write("\n".join(text))


def _jobs(options: argparse.Namespace, home: Path) -> Iterator[Job]:
    shared, part = options.shared, options.part
    made = Varied(SEED[part])
    known, usual = process_creations(shared, part)
    count = max(1, options.rows // FILE_ROWS)
    keys = write(home, "windows", (made.processes(known, usual, FILE_ROWS) for _ in range(count)))
    small = write(home, "windows", iter([made.processes(known, usual, 500)]), first=count)
    rules = rules_of(shared, "windows", "process_creation")
    peers = ["sqlite", "azuma"] if options.peers else []
    few, rounds = keys[: max(1, count // 5)], options.rounds
    for number in (25, 100, 200, 400):
        title = f"{number} process rules"
        times = rounds if number <= 100 else min(rounds, 3)
        yield Job(title, "windows", rules[:number], keys, ["fused", "singles"], times)
    every = f"all {len(rules)} process rules"
    yield Job(every, "windows", rules, keys, ["fused", "singles"], 1)
    slow = ["fused", "singles", *peers[:1]]
    yield Job(f"{every}, fewer rows", "windows", rules, few, slow, 1)
    if peers:
        yield Job(f"{every}, very few rows", "windows", rules, small, ["fused", *peers], 1)
    cloud = rules_of(shared, "aws_cloudtrail", "")
    calls = cloud_calls(shared, part)
    trail = write(home, "aws_cloudtrail", (made.calls(calls, FILE_ROWS) for _ in range(count)))
    title = f"all {len(cloud)} CloudTrail rules"
    yield Job(title, "aws_cloudtrail", cloud, trail, ["fused", "singles"], rounds)
    if options.trino:
        yield from _on_trino(rules, keys, cloud, trail)


def _on_trino(
    rules: Sequence[str], keys: Sequence[str], cloud: Sequence[str], trail: Sequence[str]
) -> Iterator[Job]:
    both = ["trino-fused", "trino-singles"]
    yield Job("Trino, 25 process rules", "windows", rules[:25], keys, both, 3)
    for number, rounds in ((100, 3), (200, 3), (400, 2), (len(rules), 1)):
        title = f"Trino, {number} process rules"
        yield Job(title, "windows", rules[:number], keys, both, rounds, sample=TRINO_SAMPLE)
    title = f"Trino, all {len(cloud)} CloudTrail rules"
    yield Job(title, "aws_cloudtrail", cloud, trail, both, 1)


def _trino(options: argparse.Namespace, home: Path, jobs: Sequence[Job]) -> Any:
    from contextlib import nullcontext

    if not options.trino:
        return nullcontext({})
    from _detect_trino import serving

    return serving(home, sorted({(job.source, key) for job in jobs for key in job.keys}))


def _table(job: Job) -> str:
    first = next(iter(job.hits))
    fused = job.runs[first]
    lines = [
        f"**{job.title}**: {job.rows:,} rows, {job.rounds} round{'s' * (job.rounds > 1)}, "
        f"{len(job.hits[first]):,} hits",
        "",
        "| way | rules | events/s of CPU | CPU s | wall s | MB read | peak RSS, MB | set-up CPU s "
        "| CPU / fused (min, median, max) | hits missed | hits extra |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|---:|---:|",
    ]
    for name, way in job.runs.items():
        more = way.runs[-1].more
        sampled = bool(job.sample) and more["rules"] < fused.runs[-1].more["rules"]
        expected = _of_rules(job.hits[first], more["judged"]) if sampled else job.hits[first]
        scale = fused.runs[-1].more["rules"] / more["rules"] if sampled else 1.0
        low, middle, high = (scale * part for part in spread(way, fused, lambda run: run.cpu))
        cpu = way.median(lambda run: run.cpu)
        read = f"{more['bytes'] / 1e6:,.1f}" if "bytes" in more else ""
        speed = "" if sampled else f"{job.rows / cpu:,.0f}"
        setup = more["compile"] + more.get("load", 0)
        ratio = "" if name == first else f"{low:.2f} · **{middle:.2f}** · {high:.2f}"
        lines.append(
            f"| {name}{', a sample' * sampled} | {more['rules']:,} | {speed} "
            f"| {cpu:,.2f} | {way.median(lambda run: run.wall):,.2f} | {read} "
            f"| {way.median(lambda run: run.rss_mb):,.0f} | {setup:,.2f} "
            f"| {ratio}{' a rule' * sampled} "
            f"| {len(expected - job.hits[name]):,} | {len(job.hits[name] - expected):,} |"
        )
    return "\n".join(lines)


def _of_rules(hits: frozenset[str], judged: Sequence[str]) -> frozenset[str]:
    """Return the hits of some rules; a hit is a line of the rule's id and the event's."""
    known = set(judged)
    return frozenset(hit for hit in hits if hit.partition(" ")[0] in known)


def _head(options: argparse.Namespace) -> str:
    names = ("duckdb", "pyarrow", "pysigma", "sqlglot")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    peers = _peer_versions(options.peers) if options.peers else "not installed, skipped"
    trino = "Trino 476" if options.trino else "Trino not asked for, skipped"
    return (
        f"Python {platform.python_version()}, {versions}; peers: {peers}; {trino}; "
        f"{os.cpu_count()} cores, {options.part} half of the recordings."
    )


def _peer_versions(python: str) -> str:
    code = (
        "from importlib.metadata import version as v;"
        "print(', '.join(f'{n} {v(n)}' for n in ('pysigma-backend-sqlite', 'azuma', 'pysigma')))"
    )
    done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = os.environ.get("MANTISSA_SHARED_DATA", str(HERE.parents[1] / "shared" / "data"))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds of one run of one way")
    parser.add_argument("--part", choices=list(SEED), default="scoring")
    parser.add_argument("--shared", type=Path, default=Path(shared))
    parser.add_argument("--scratch", type=Path, default=None, help="where the rows are written")
    parser.add_argument("--peers", default="", help="an interpreter with the peers installed")
    parser.add_argument("--trino", action="store_true")
    parser.add_argument("--only", default="", help="words of the titles to run")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not (options.shared / "sigmahq").is_dir():
        print("the public rules and recordings are not there: skipped")
        raise SystemExit(0)
    if options.trino and find_spec("support") is None:
        # What starts a Trino for tests lies beside them.
        places = os.pathsep.join(str(HERE.parent / name) for name in ("tests", "tools"))
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONPATH": places})
    return options


def _write(page: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{page}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
