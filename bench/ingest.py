"""How fast does ingestion run, beside what most do and beside what cannot be beaten?

    python bench/ingest.py [--events 100000] [--flows 1000000] [--rounds 5] [--write]

Three ways in turn over the same files, each in a process of its own; processor seconds, so that
"per core" is meant. `--write` puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import gzip
import platform
import random
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from _measure import Way, alternate, spread, start_up

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- ingest: begin -->", "<!-- ingest: end -->"
END_TIME = datetime(2026, 11, 20, 12, tzinfo=UTC)
FLOW_FIELDS = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol "
    "packets bytes start end action log-status"
)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = {
            "cloudtrail": _write_cloudtrail(folder / "cloudtrail", options.events),
            "vpcflow": _write_flows(folder / "vpcflow", options.flows),
        }
        text = [_head(options), ""]
        for kind, size in sizes.items():
            text += [_measured(kind, folder, size, options.rounds), ""]
    text.append(_start(options.rounds))
    page = "\n".join(text)
    print(page)
    if options.write:
        _write(page)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--flows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _write_cloudtrail(folder: Path, events: int) -> int:
    """Write CloudTrail objects of our own scenario, joined to 5,000 events each.

    Return the bytes of all but the first, which only warms up.
    """
    import orjson

    from mantissa.entrypoints.cli.scenario import write_scenario

    with tempfile.TemporaryDirectory() as name:
        scenario = write_scenario(Path(name), end=END_TIME, events=events)
        found = [
            record
            for path in scenario.files
            for record in orjson.loads(gzip.decompress(Path(path).read_bytes()))["Records"]
        ]
    folder.mkdir()
    total = 0
    for number, start in enumerate(range(0, len(found), 5_000)):
        data = orjson.dumps({"Records": found[start : start + 5_000]})
        total += len(data) if number else 0
        (folder / f"{number:04d}.json.gz").write_bytes(gzip.compress(data, mtime=0))
    return total


def _write_flows(folder: Path, flows: int) -> int:
    """Write VPC flow objects of 100,000 lines with the default format's header.

    Return the bytes of all but the first, which only warms up.
    """
    rng = random.Random(7)
    folder.mkdir()
    total = 0
    for number, start in enumerate(range(0, flows, 100_000)):
        lines = [FLOW_FIELDS, *(_flow(rng) for _ in range(min(100_000, flows - start)))]
        data = ("\n".join(lines) + "\n").encode()
        total += len(data) if number else 0
        (folder / f"{number:04d}.log.gz").write_bytes(gzip.compress(data, mtime=0))
    return total


def _flow(rng: random.Random) -> str:
    begin = int(END_TIME.timestamp()) - rng.randrange(86_400)
    if rng.random() < 0.02:
        return f"2 111122223333 eni-{rng.getrandbits(68):017x} - - - - - - - {begin} {begin + 60} - NODATA"
    packets = rng.randrange(1, 400)
    return (
        f"2 111122223333 eni-{rng.getrandbits(68):017x} 10.0.{rng.randrange(256)}.{rng.randrange(256)} "
        f"203.0.113.{rng.randrange(256)} {rng.randrange(1024, 65536)} {rng.choice((22, 53, 80, 443))} "
        f"{rng.choice((6, 17))} {packets} {packets * rng.randrange(40, 1500)} {begin} {begin + 60} "
        f"{rng.choice(('ACCEPT', 'ACCEPT', 'REJECT'))} OK"
    )


def _measured(kind: str, folder: Path, size: int, rounds: int) -> str:
    ways = {
        name: Way(name, [str(HERE / "_ingest_ways.py"), name, kind, str(folder)])
        for name in ("mantissa", "pandas", "limit")
    }
    alternate(list(ways.values()), rounds)
    counts = {way.runs[0].rows for way in ways.values()}
    if len(counts) != 1:
        raise SystemExit(f"the ways do not agree on the number of rows: {counts}")
    rows = counts.pop()
    lines = [
        f"**{kind}**: {rows:,} records, {size / 1e6:,.0f} MB inflated, {rounds} rounds",
        "",
        "| way | events/s/core | MB/s/core | peak RSS, MB | mantissa / way (min, median, max) |",
        "|---|---|---|---|---|",
    ]
    for name, way in ways.items():
        cpu = way.median(lambda run: run.cpu)
        low, middle, high = spread(way, ways["mantissa"], lambda run: run.cpu)
        ratio = "" if name == "mantissa" else f"{low:.2f} · **{middle:.2f}** · {high:.2f}"
        lines.append(
            f"| {name} | {rows / cpu:,.0f} | {size / 1e6 / cpu:,.1f} "
            f"| {way.median(lambda run: run.rss_mb):,.0f} | {ratio} |"
        )
    return "\n".join(lines)


def _start(rounds: int) -> str:
    help_ms = start_up([str(Path(sys.executable).parent / "mantissa"), "--help"], rounds)
    bare_ms = start_up([sys.executable, "-c", "pass"], rounds)
    return (
        f"`mantissa --help`: median {statistics.median(help_ms):.0f} ms "
        f"(a bare interpreter: {statistics.median(bare_ms):.0f} ms)."
    )


def _head(options: argparse.Namespace) -> str:
    names = ("duckdb", "isal", "msgspec", "orjson", "pandas", "pyarrow")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"Python {platform.python_version()}, {versions}; one thread per library. "
        "`mantissa` is the whole protocol (ledger, decode, map, Parquet, manifest, commit with "
        "fsync); `pandas` is stdlib json or text, pandas, Parquet, without any ledger; `limit` is "
        "inflate, one orjson parse (none for text) and the Parquet write of a table that is ready."
    )


def _write(page: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{page}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
