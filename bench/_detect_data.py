"""Events for `bench/detect.py`: recorded ones as templates, background of our own, both varied.

Nothing recorded is kept: the recordings are read in place and only rows made from them are
written, into a folder that is deleted afterwards. Templates are split by a digest of their text:
one half is for tuning, the other for scoring.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from mantissa.adapters.local.files import FileObjects
from mantissa.lake.parquet import Part, write_part
from mantissa.sources.decode import decode
from mantissa.sources.definition import SourceSpec
from mantissa.sources.mapping import Envelope, Extractor
from mantissa.sources.record import Batch, Limits

DAY = datetime(2026, 11, 20, tzinfo=UTC)
RECORDED = 0.15
"""Share of rows made from recordings; the rest is background."""
NEW_ARGUMENTS = 0.4
"""Share of rows whose numbers and identifiers in command lines are drawn anew."""
PROCESS_FOLDERS = ("windows_evtx", "windows_otrf", "windows_security", "sysmon", "sigma_regression")
CLOUD_FOLDERS = ("aws_cloudtrail",)

BACKGROUND = Path(__file__).with_name("_background.txt")


def recorded(shared: Path, folders: Sequence[str], spec: SourceSpec) -> pa.Table:
    """Return the recordings of some folders as rows of a source."""
    tables = []
    for path in sorted(p for f in folders for p in (shared / f).rglob("*") if p.is_file()):
        if path.suffix in (".md", ".yml"):
            continue
        with path.open("rb") as stream:
            batches = [i for i in decode(stream, path.name, Limits()) if isinstance(i, Batch)]
        tables += [_rows(spec, batch) for batch in batches]
    return pa.concat_tables(tables)


def process_creations(shared: Path, part: str) -> tuple[pa.Table, pa.Table]:
    """Return process creations: recorded ones of one part, and background."""
    spec = _spec("windows")
    rows = recorded(shared, PROCESS_FOLDERS, spec)
    rows = rows.filter(
        pc.or_(
            pc.and_(pc.equal(rows["eventid"], 1), pc.match_substring(rows["channel"], "Sysmon")),
            pc.and_(pc.equal(rows["eventid"], 4688), pc.equal(rows["channel"], "Security")),
        )
    )
    texts = pc.binary_join_element_wise(
        *(pc.fill_null(rows[name], "") for name in ("image", "commandline")), "\n"
    )
    return _half(rows, texts.to_pylist(), part), _rows(spec, Batch(*_background()))


def cloud_calls(shared: Path, part: str) -> pa.Table:
    """Return recorded CloudTrail events of one part."""
    rows = recorded(shared, CLOUD_FOLDERS, _spec("aws_cloudtrail"))
    return _half(rows, rows["raw"].to_pylist(), part)


def _half(rows: pa.Table, texts: list[str], part: str) -> pa.Table:
    """Keep the rows whose text falls into a part; equal texts fall together."""
    odd = part == "scoring"
    keep = [hashlib.sha256(text.encode()).digest()[0] % 2 == odd for text in texts]
    return rows.filter(pa.array(keep))


def _spec(name: str) -> SourceSpec:
    from mantissa.sources.registry import load_sources

    return load_sources()[name]


def _rows(spec: SourceSpec, batch: Batch) -> pa.Table:
    return Extractor(spec).extract(batch, Envelope("0" * 64, "bench", DAY)).table


def _background() -> tuple[list[bytes], list[int]]:
    """Read `image | original name | company | command line | parent | parent's command line`."""
    records = []
    for line in BACKGROUND.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        image, original, company, command, parent, asked = (p.strip() for p in line.split(" | "))
        records.append(
            {
                "EventID": 1,
                "Channel": "Microsoft-Windows-Sysmon/Operational",
                "Provider_Name": "Microsoft-Windows-Sysmon",
                "Computer": "ws-0",
                "TimeCreated_SystemTime": "2026-11-20T08:00:00.000Z",
                "UtcTime": "2026-11-20 08:00:00.000",
                "Image": image,
                "OriginalFileName": original,
                "Company": company,
                "Product": f"{company} product",
                "Description": original.partition(".")[0],
                "CommandLine": command,
                "ParentImage": parent,
                "ParentCommandLine": asked,
                "CurrentDirectory": "C:\\Windows\\System32\\",
                "User": "CORP\\someone",
                "IntegrityLevel": "Medium",
                "Hashes": "",
                "ProcessGuid": "",
                "ProcessId": 4,
                "LogonId": "0x0",
            }
        )
    return [msgspec.json.encode(record) for record in records], list(range(len(records)))


class Varied:
    """Draws rows from templates and gives them values of their own."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._made = 0

    def processes(self, known: pa.Table, usual: pa.Table, count: int) -> pa.Table:
        """Return `count` process creations."""
        split = known.num_rows
        templates = pa.concat_tables([known, usual])
        weights = [1 / (1 + n % 40) for n in range(usual.num_rows)]
        few = round(count * RECORDED)
        chosen = self._rng.choices(range(split), k=few)
        chosen += self._rng.choices(
            range(split, templates.num_rows), weights=weights, k=count - few
        )
        self._rng.shuffle(chosen)
        rows = templates.take(chosen)
        for name in ("commandline", "parentcommandline"):
            rows = _put(rows, name, self._new_arguments(rows[name].to_pylist()))
        users = [f"CORP\\user{self._rng.randrange(300):03d}" for _ in range(count)]
        hosts = [f"ws-{self._rng.randrange(500):03d}.corp.example" for _ in range(count)]
        rows = _put(rows, "user", users)
        rows = _put(rows, "actor_user", users)
        for name in ("computer", "device_host"):
            rows = _put(rows, name, hosts)
        rows = _put(rows, "processguid", [self._hex(32) for _ in range(count)])
        rows = _put(rows, "hashes", self._hashes(rows["image"].to_pylist()))
        return self._finished(rows)

    def calls(self, known: pa.Table, count: int) -> pa.Table:
        """Return `count` CloudTrail events."""
        rows = known.take(self._rng.choices(range(known.num_rows), k=count))
        people = [f"person{self._rng.randrange(200):03d}" for _ in range(count)]
        rows = _put(rows, "actor_user", people)
        addresses = [
            f"198.51.100.{self._rng.randrange(256)}" if own else old
            for own, old in zip(
                (self._rng.random() < 0.5 for _ in range(count)),
                rows["src_ip"].to_pylist(),
                strict=True,
            )
        ]
        return self._finished(_put(rows, "src_ip", addresses))

    def _finished(self, rows: pa.Table) -> pa.Table:
        """Give rows an id and a time; sort them by time as a lake's files are."""
        count = rows.num_rows
        ids = [f"{self._made + n:040x}" for n in range(count)]
        self._made += count
        times = sorted(DAY + timedelta(seconds=self._rng.random() * 86_399) for _ in range(count))
        rows = _put(_put(rows, "event_id", ids), "event_time", times)
        return _put(rows, "event_date", [DAY.date().isoformat()] * count)

    def _new_arguments(self, texts: list[str | None]) -> list[str | None]:
        return [
            _CHANGING.sub(self._like, text)
            if text is not None and self._rng.random() < NEW_ARGUMENTS
            else text
            for text in texts
        ]

    def _like(self, found: re.Match[str]) -> str:
        text = found[0]
        if text.isdigit():
            return str(self._rng.randrange(10 ** (len(text) - 1), 10 ** len(text)))
        return self._hex(len(text))

    def _hashes(self, images: list[str | None]) -> list[str | None]:
        """Give each program one of a few versions, and each version its hashes."""
        return [
            None
            if image is None
            else _hashes_of(f"{image.rpartition(chr(92))[2]} {self._rng.randrange(6)}")
            for image in images
        ]

    def _hex(self, size: int) -> str:
        return f"{self._rng.getrandbits(size * 4):0{size}x}"


_CHANGING = re.compile(r"[0-9a-f]{12,}|\d{3,}")


def _hashes_of(text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest().upper()
    return f"MD5={digest[:32]},SHA256={digest},IMPHASH={digest[32:]}"


def _put(rows: pa.Table, name: str, values: Sequence[object]) -> pa.Table:
    place = rows.schema.get_field_index(name)
    field = rows.schema.field(place)
    return rows.set_column(place, field, pa.array(values, field.type))


def write(home: Path, table: str, parts: Iterator[pa.Table], first: int = 0) -> list[str]:
    """Write each table as one file of the lake, as ingestion does; return their keys."""
    store = FileObjects(home)
    keys = []
    for number, rows in enumerate(parts, first):
        stem = f"{number:032x}-{0:08x}-{0:05d}"
        keys += [file.key for file in write_part(store, Part(table, stem), rows)]
    return keys
