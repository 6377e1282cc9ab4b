"""What does it cost to judge new files at once on the embedded engine?

    python bench/immediate.py [--write]

A run over one object, over many small ones and over a large one, each warm: with the rules of the
library compiled, as a function keeps them between two calls. Seconds are of the processor, all
threads together. From these follow the numbers that `mantissa cost` reckons with: seconds a run,
a file, and a megabyte of log. `--write` puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from ingest import END_TIME
from mantissa.adapters.local.fetched import FetchedEngine, Room
from mantissa.adapters.local.home import create_home
from mantissa.bootstrap.local import LocalApp
from mantissa.config.reading import load_settings
from mantissa.detection.ways import Quick, Way
from mantissa.entrypoints.cli.scenario import write_scenario

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- immediate: begin -->", "<!-- immediate: end -->"
SMALL, MANY, LARGE = 100, 30, 10_000
ROUNDS = 2
STARTS = itertools.count()


class QuickApp(LocalApp):
    """The product on a laptop whose detection runs as a function's: over copies of files."""

    def __init__(self, home: Path) -> None:
        super().__init__(load_settings(home, {}), {})
        self._scratch = home / "scratch"
        self._scratch.mkdir(exist_ok=True)

    def quick(self, engine: str) -> Quick:
        room = Room(self._scratch, 256 << 20)
        fetched = FetchedEngine(self.objects, self.tables, room, 512 << 20)
        return Quick(lambda: Way("duckdb", fetched, self.prepared, fetched.release), always=True)


def events() -> list[Any]:
    """Return CloudTrail events of our own scenario, more than one run needs."""
    with tempfile.TemporaryDirectory() as name:
        scenario = write_scenario(Path(name), end=END_TIME, events=LARGE + MANY * SMALL)
        return [
            record
            for path in scenario.files
            for record in json.loads(gzip.decompress(Path(path).read_bytes()))["Records"]
        ]


def judged(app: QuickApp, folder: Path, known: list[Any], sizes: list[int]) -> dict[str, float]:
    """Ingest objects of so many events, run detection over them, and return what the run took."""
    folder.mkdir()
    # Each object is its own: the same content would be taken for one that was ingested before.
    start = next(STARTS)
    total = 0
    for number, size in enumerate(sizes):
        data = json.dumps({"Records": known[start : start + size]}).encode()
        path = folder / f"{number}.json"
        path.write_bytes(data)
        start, total = start + size, total + len(data)
        app.ingest.one(str(path))
    cpu, wall = time.process_time(), time.perf_counter()
    report = app.detection().run()
    took = time.process_time() - cpu
    assert report.objects_judged == len(sizes) and not report.failed, report
    assert report.engines == ("duckdb",)
    return {"cpu": took, "wall": time.perf_counter() - wall, "mb": total / 1e6}


def measure() -> dict[str, Any]:
    """Measure; the fastest of some rounds each."""
    folder = Path(tempfile.mkdtemp(prefix="mantissa-immediate-"))
    try:
        create_home(folder / "lake", settings={}, secrets="")
        app = QuickApp(folder / "lake")
        started = time.process_time()
        rules = len(app.prepared.rules)
        compiled = time.process_time() - started
        known = events()
        judged(app, folder / "warm", known, [SMALL])
        found = {}
        for name, sizes in (("one", [SMALL]), ("many", [SMALL] * MANY), ("large", [LARGE])):
            runs = [judged(app, folder / f"{name}{n}", known, sizes) for n in range(ROUNDS)]
            found[name] = min(runs, key=lambda run: run["cpu"])
        app.close()
    finally:
        shutil.rmtree(folder)
    one, many, large = found["one"], found["many"], found["large"]
    per_mb = (large["cpu"] - one["cpu"]) / (large["mb"] - one["mb"])
    per_file = (many["cpu"] - one["cpu"] - per_mb * (many["mb"] - one["mb"])) / (MANY - 1)
    return {
        "rules": rules,
        "compile_seconds": compiled,
        "run_seconds": one["cpu"] - per_mb * one["mb"],
        "file_seconds": max(per_file, 0.0),
        "mb_seconds": per_mb,
        **found,
    }


def table(found: dict[str, Any]) -> str:
    """Return the page's table."""
    rows = [
        ("rules that run", f"{found['rules']}"),
        ("CPU seconds to compile them, once a function", f"{found['compile_seconds']:.1f}"),
        ("`run_seconds`", f"{found['run_seconds']:.3g}"),
        ("`file_seconds`", f"{found['file_seconds']:.3g}"),
        ("`mb_seconds`", f"{found['mb_seconds']:.3g}"),
        (f"wall seconds of a run over one object of {SMALL} events", f"{found['one']['wall']:.2f}"),
        (f"wall seconds over {MANY} such objects", f"{found['many']['wall']:.2f}"),
        (
            f"wall seconds over one of {LARGE:,} events, {found['large']['mb']:.0f} MB",
            f"{found['large']['wall']:.2f}",
        ),
    ]
    lines = ["| CloudTrail, the embedded engine | |", "|---|---:|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows)])


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    found = measure()
    print(json.dumps(found, indent=2))
    if arguments.write:
        text = PAGE.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}\n{table(found)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
