"""How large does a log get on its way, and how many calls does an object cost?

    python bench/volumes.py [--events 20000] [--flows 300000] [--write]

The numbers that `mantissa cost` reckons with: bytes of Parquet and bytes read by a detection run
per byte of log, and the reads and writes of the stores per object, counted at the ports. State is
counted in the units of DynamoDB on demand: a write unit is 1 KB, a read unit 4 KB, and a
transaction costs twice. `--write` puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ingest import _write_cloudtrail, _write_flows
from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.local.home import create_home
from mantissa.adapters.local.sqlite import SQLiteState
from mantissa.bootstrap.local import LocalApp
from mantissa.config.reading import load_settings
from mantissa.ports import Delete, Item, Put, Write

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- volumes: begin -->", "<!-- volumes: end -->"
SMALL = 100
"""Events of one small object, as a quiet account delivers them."""


class CountingObjects(FileObjects):
    """Files that count what S3 would charge for."""

    def __init__(self, root: Path, counts: Counter[str]) -> None:
        super().__init__(root)
        self.counts = counts

    def head(self, key: str) -> Any:
        self.counts["get"] += 1
        return super().head(key)

    def open(self, key: str) -> Any:
        self.counts["get"] += 1
        return super().open(key)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        self.counts["put"] += 1
        return super().put_if_absent(key, data)

    def list(self, prefix: str) -> Any:
        self.counts["put"] += 1
        return super().list(prefix)


class CountingState:
    """A state store that counts units of DynamoDB."""

    def __init__(self, state: SQLiteState, counts: Counter[str]) -> None:
        self._state = state
        self.counts = counts

    def get(self, table: str, key: str) -> Item | None:
        found = self._state.get(table, key)
        self.counts["read"] += math.ceil(max(size_of(found.value if found else {}), 1) / 4096)
        return found

    def put(self, write: Put) -> None:
        self._state.put(write)
        self.counts["write"] += units(write)

    def transact(self, writes: Sequence[Write]) -> None:
        self._state.transact(writes)
        self.counts["write"] += (1 if len(writes) == 1 else 2) * sum(map(units, writes))

    def query(self, table: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        total = 0
        for item in self._state.query(table, prefix, after):
            total += size_of(item.value)
            yield item
        self.counts["read"] += math.ceil(max(total, 1) / 4096)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)


def size_of(value: Any) -> int:
    return len(json.dumps(value, default=str))


def units(write: Write) -> int:
    return 1 if isinstance(write, Delete) else math.ceil(max(size_of(write.value), 1) / 1024)


class CountingApp(LocalApp):
    """The product on a laptop with counters at its stores."""

    def __init__(self, home: Path) -> None:
        super().__init__(load_settings(home, {}), {})
        self.counts: Counter[str] = Counter()

    @property
    def objects(self) -> Any:
        return CountingObjects(self.home, self.counts)

    @property
    def state(self) -> Any:
        return CountingState(super().state, self.counts)

    def since(self) -> Counter[str]:
        """Return what was counted since the last time."""
        counted = Counter(self.counts)
        self.counts.clear()
        return counted


def measure(folder: Path) -> dict[str, float]:
    """Ingest and judge the objects of a folder."""
    home = folder.with_name(folder.name + "-home")
    create_home(home, settings={}, secrets="")
    app = CountingApp(home)
    paths = sorted(folder.iterdir())
    rows = sum(app.ingest.one(str(path)).counts.rows for path in paths)
    ingest = app.since()
    parquet = sum(p.stat().st_size for p in (home / "lake").rglob("*.parquet"))
    files = sum(1 for _ in (home / "lake").rglob("*.parquet"))
    report = app.detection().run()
    detect = app.since()
    app.close()
    shutil.rmtree(home)
    raw = sum(len(gzip.decompress(path.read_bytes())) for path in paths)
    count = len(paths)
    return {
        "objects": count,
        "rows": rows,
        "raw": raw,
        "packed": sum(path.stat().st_size for path in paths) / raw,
        "parquet": parquet / raw,
        "scanned": report.bytes_scanned / parquet,
        "files": files / count,
        **{f"ingest {name}": ingest[name] / count for name in ("put", "get", "write", "read")},
        **{f"detect {name}": detect[name] / count for name in ("put", "get", "write", "read")},
    }


def cut(folder: Path, into: Path, objects: int) -> None:
    """Write CloudTrail objects again as many small ones."""
    into.mkdir()
    number = 0
    for path in sorted(folder.iterdir()):
        records = json.loads(gzip.decompress(path.read_bytes()))["Records"]
        for start in range(0, len(records), SMALL):
            if number == objects:
                return
            text = json.dumps({"Records": records[start : start + SMALL]}).encode()
            (into / f"{number:05d}.json.gz").write_bytes(gzip.compress(text, mtime=0))
            number += 1


def fitted(small: dict[str, float], large: dict[str, float]) -> dict[str, float]:
    """Split sizes into what grows with the log and what every file costs, by the two shapes."""
    return {
        "parquet": per_byte(small, large, lambda m: m["parquet"] * m["raw"])[0],
        "file_bytes": round(per_byte(small, large, lambda m: m["parquet"] * m["raw"])[1], -2),
        "scan": per_byte(small, large, lambda m: m["scanned"] * m["parquet"] * m["raw"])[0],
        "file_scan": round(
            per_byte(small, large, lambda m: m["scanned"] * m["parquet"] * m["raw"])[1], -2
        ),
        "packed": large["packed"],
        "puts": small["ingest put"],
        "writes": small["ingest write"] + small["detect write"],
        "reads": small["ingest read"] + small["detect read"],
    }


def per_byte(
    small: dict[str, float], large: dict[str, float], size: Callable[[dict[str, float]], float]
) -> tuple[float, float]:
    """Solve size = a * raw + b * files for both shapes."""
    files = [m["files"] * m["objects"] for m in (small, large)]
    determinant = small["raw"] * files[1] - large["raw"] * files[0]
    a = (size(small) * files[1] - size(large) * files[0]) / determinant
    b = (small["raw"] * size(large) - large["raw"] * size(small)) / determinant
    return a, b


COLUMNS = {
    "objects": "{:,.0f}",
    "rows": "{:,.0f}",
    "raw": "{:,.0f}",
    "packed": "{:.3f}",
    "parquet": "{:.3f}",
    "scanned": "{:.3f}",
    "files": "{:.1f}",
    "ingest put": "{:.1f}",
    "ingest get": "{:.1f}",
    "ingest write": "{:.1f}",
    "ingest read": "{:.1f}",
    "detect put": "{:.2f}",
    "detect get": "{:.2f}",
    "detect write": "{:.1f}",
    "detect read": "{:.1f}",
}


def table(measured: dict[str, dict[str, float]]) -> str:
    """Return one line for each number, one column for each kind of log."""
    lines = ["| | " + " | ".join(measured) + " |", "|---|" + "---|" * len(measured)]
    for name, form in COLUMNS.items():
        cells = " | ".join(form.format(numbers[name]) for numbers in measured.values())
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--flows", type=int, default=300_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_cloudtrail(folder / "large", options.events)
        cut(folder / "large", folder / "small", 60)
        _write_flows(folder / "flows", options.flows)
        kinds = {"CloudTrail": "large", "CloudTrail, small": "small", "VPC flow logs": "flows"}
        measured = {kind: measure(folder / where) for kind, where in kinds.items()}
    numbers = fitted(measured["CloudTrail, small"], measured["CloudTrail"])
    rows = [f"| `{name}` | {value:.4g} |" for name, value in numbers.items()]
    head = "| of CloudTrail, for `mantissa cost` | |\n|---|---|"
    text = "\n".join([table(measured), "", head, *rows])
    print(text)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
