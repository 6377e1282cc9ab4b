"""The ways that `bench/ingest.py` compares; run as `python _ingest_ways.py WAY KIND FOLDER`.

mantissa  the product: ledger, decode, map, Parquet, manifest, commit, fsync
pandas    what most projects do: stdlib json or text, pandas, pyarrow
limit     only what cannot be avoided: inflate, parse once with orjson (nothing for text),
and write an Arrow table that is there already
"""

from __future__ import annotations

import atexit
import gzip
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from _measure import child

Work = Callable[[Iterable[Path]], int]


def product(folder: Path) -> Work:
    from mantissa.adapters.local.home import create_home
    from mantissa.bootstrap.local import LocalApp
    from mantissa.config.reading import load_settings

    home = Path(tempfile.mkdtemp(dir=folder))
    atexit.register(shutil.rmtree, home)
    create_home(home, settings={}, secrets="")
    app = LocalApp(load_settings(home, {}))
    ingest = app.ingest

    def work(paths: Iterable[Path]) -> int:
        return sum(ingest.one(str(path)).counts.rows for path in paths)

    return work


def pandas_cloudtrail() -> Work:
    import pandas as pd

    from mantissa.sources.registry import load_sources

    fields = load_sources()["aws_cloudtrail"].fields

    def frame(events: list[dict[str, Any]]) -> pd.DataFrame:
        flat = pd.json_normalize(events)
        found: dict[str, Any] = {}
        for field in fields:
            name = next((n for n in map(".".join, field.paths) if n in flat), None)
            if field.type == "json":
                found[field.name] = [_document(event, field.paths[0]) for event in events]
            elif name is not None:
                found[field.name] = flat[name].map(_text)
        found["raw"] = [json.dumps(event) for event in events]
        table = pd.DataFrame(found)
        table["event_time"] = pd.to_datetime(flat["eventTime"], utc=True)
        return table

    def work(paths: Iterable[Path]) -> int:
        rows = 0
        for path in paths:
            events = json.loads(gzip.decompress(path.read_bytes()))["Records"]
            table = frame(events)
            days = table["event_time"].dt.strftime("%Y-%m-%d")
            for _, group in table.groupby(days):
                group.to_parquet(io.BytesIO(), compression="zstd")
            rows += len(table)
        return rows

    return work


def _document(event: dict[str, Any], path: tuple[str, ...]) -> str | None:
    value: Any = event
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return None if value is None else json.dumps(value)


def _text(value: object) -> object:
    if value is None or value != value:
        return None
    return value if isinstance(value, str) else json.dumps(value)


def pandas_vpcflow() -> Work:
    import pandas as pd

    def work(paths: Iterable[Path]) -> int:
        rows = 0
        for path in paths:
            lines = gzip.decompress(path.read_bytes()).decode().splitlines()
            fields = lines[0].replace("-", "_").split(" ")
            split = [dict(zip(fields, line.split(" "), strict=True)) for line in lines[1:]]
            table = pd.DataFrame(split).replace("-", None)
            table["raw"] = lines[1:]
            for name in ("srcport", "dstport", "protocol", "packets", "bytes", "start", "end"):
                table[name] = pd.to_numeric(table[name])
            table["event_time"] = pd.to_datetime(table["start"], unit="s", utc=True)
            for _, group in table.groupby(table["event_time"].dt.strftime("%Y-%m-%d")):
                group.to_parquet(io.BytesIO(), compression="zstd")
            rows += len(table)
        return rows

    return work


def limit(kind: str, folder: Path) -> Work:
    import orjson
    import pyarrow as pa
    from isal import igzip

    from mantissa.lake.parquet import encode
    from mantissa.sources.decode import decode
    from mantissa.sources.mapping import Envelope, Extractor
    from mantissa.sources.record import Batch, Limits
    from mantissa.sources.registry import load_sources

    spec = load_sources()[f"aws_{kind}"]
    ready = {}
    for path in _files(kind, folder):
        envelope = Envelope("0" * 64, str(path), _now())
        extractor = Extractor(spec)
        with path.open("rb") as stream:
            parts = [
                extractor.extract(b, envelope).table
                for b in decode(stream, path.name, Limits())
                if isinstance(b, Batch)
            ]
        joined = pa.concat_tables(parts).drop_columns(["event_date"])
        ready[path] = joined.sort_by("event_time")

    def work(paths: Iterable[Path]) -> int:
        rows = 0
        for path in paths:
            data = igzip.decompress(path.read_bytes())
            if kind == "cloudtrail":
                orjson.loads(data)
            encode(ready[path])
            rows += ready[path].num_rows
        return rows

    return work


def _now() -> object:
    from datetime import UTC, datetime

    return datetime(2026, 11, 20, tzinfo=UTC)


def _files(kind: str, folder: Path) -> list[Path]:
    return sorted((folder / kind).rglob("*.gz"))


WAYS: dict[str, Callable[[str, Path], Work]] = {
    "mantissa": lambda kind, folder: product(folder),
    "pandas": lambda kind, folder: (
        pandas_cloudtrail() if kind == "cloudtrail" else pandas_vpcflow()
    ),
    "limit": limit,
}

if __name__ == "__main__":
    way, kind, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    import pyarrow as pa

    pa.set_cpu_count(1)
    work = WAYS[way](kind, folder)
    first, *others = _files(kind, folder)
    # The first object pays for imports, compiled extractors and caches; it is not counted.
    work([first])
    child(lambda: work(others))
