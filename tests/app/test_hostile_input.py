"""Every kind of bad input through the real command line, in a process with bounded memory.

Faults F-12 to F-17. For each: exit code 0 or 3, no traceback, records = rows + quarantined +
filtered, the reason codes, and the good records beside the bad ones. The memory limit is on
address space, most of which libraries reserve and never touch; `VmHWM` says what was used
(`ru_maxrss` would count what the parent used before the child was born).
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import resource
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard

from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.local.sqlite import SQLiteState
from support.lakes import assert_reconciled, cloudtrail, rows_of

MEMORY = 512 << 20
"""Most resident bytes that an ingest may ever have."""
HANGS = 120
"""Seconds after which a run has hung; no run takes a tenth of it."""
MIB = 1 << 20
MODIFIED = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""When each object was last written to: what is believable is told from that, never from now."""


@dataclass(frozen=True)
class Run:
    """What the ingest of one object left behind."""

    code: int
    report: dict[str, Any]
    home: Path

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.report["records"], self.report["rows"], self.report["quarantined"]

    @property
    def reasons(self) -> dict[str, int]:
        return dict(self.report["reasons"])

    def rows(self) -> list[dict[str, Any]]:
        return rows_of(FileObjects(self.home))


_CHILD = """
import contextlib, io, json, pathlib, sys
from mantissa.entrypoints.cli.main import main
runs = []
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        runs.append([main(arguments), out.getvalue()])
status = pathlib.Path("/proc/self/status").read_text()
peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
print(json.dumps({"runs": runs, "peak": peak}))
"""


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


Content = bytes | Iterable[bytes]


class Ingests:
    """Ingests objects in a child process, each into a lake of its own; checks what always holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def one(self, name: str, content: Content) -> Run:
        return self.each({name: content})[name]

    def each(self, contents: Mapping[str, Content]) -> dict[str, Run]:
        homes = {name: self._folder / f"home-{n}" for n, name in enumerate(contents)}
        commands = [
            [
                "ingest",
                str(self._written(name, home, contents[name])),
                "--home",
                str(home),
                "--json",
            ]
            for name, home in homes.items()
        ]
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, json.dumps(commands)],
            capture_output=True,
            text=True,
            timeout=HANGS,
            preexec_fn=_limited,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        told = json.loads(done.stdout)
        assert told["peak"] < MEMORY
        runs = zip(contents, told["runs"], strict=True)
        return {name: _checked(code, out, homes[name]) for name, (code, out) in runs}

    def _written(self, name: str, home: Path, content: Content) -> Path:
        path = self._folder / f"in-{home.name}" / name
        path.parent.mkdir()
        with path.open("wb") as stream:
            stream.writelines([content] if isinstance(content, bytes) else content)
        os.utime(path, (MODIFIED.timestamp(), MODIFIED.timestamp()))
        return path


def _checked(code: int, out: str, home: Path) -> Run:
    assert code in (0, 3), out
    report = json.loads(out)
    assert report["records"] == report["rows"] + report["quarantined"] + report["filtered"]
    assert sum(report["reasons"].values()) == report["quarantined"]
    assert (code == 3) == bool(report["quarantined"])
    state = SQLiteState(home / "state.sqlite")
    assert_reconciled(FileObjects(home), state)
    state.close()
    return Run(code, report, home)


@pytest.fixture
def ingest(tmp_path: Path) -> Ingests:
    return Ingests(tmp_path)


def event(number: int, **changes: Any) -> bytes:
    return json.dumps(cloudtrail(number, **changes)).encode()


def document(events: Iterable[bytes]) -> bytes:
    return b'{"Records":[' + b",".join(events) + b"]}"


FIVE = [event(n) for n in range(5)]
PLAIN = document(FIVE)
LINES = b"\n".join(FIVE) + b"\n"


def zipped(members: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return sink.getvalue()


def gzip_of(blocks: Iterable[bytes]) -> Iterator[bytes]:
    engine = zlib.compressobj(6, zlib.DEFLATED, 31)
    for block in blocks:
        yield engine.compress(block)
    yield engine.flush()


def zeros(mebibytes: int) -> bytes:
    return b"".join(gzip_of(bytes(MIB) for _ in range(mebibytes)))


# F-12: compression


def test_a_cut_gzip_keeps_what_was_before_the_cut(ingest: Ingests) -> None:
    whole = gzip.compress(document(event(n) for n in range(400)))
    found = ingest.one("cut.json.gz", whole[: len(whole) // 2])
    assert found.reasons == {"truncated_gzip": 1}
    ids = [row["eventid"] for row in found.rows()]
    assert ids == [cloudtrail(n)["eventID"] for n in range(len(ids))]
    assert len(ids) > 100


def test_what_follows_a_gzip_member_is_told_and_costs_nothing(ingest: Ingests) -> None:
    found = ingest.one("tail.json.gz", gzip.compress(PLAIN) + b"this is not gzip")
    assert (found.counts, found.reasons) == ((6, 5, 1), {"not_gzip": 1})


READABLE = {
    "members.json.gz": gzip.compress(LINES[:900]) + gzip.compress(LINES[900:]),
    "plain.json.gz": PLAIN,
    "twice.json.gz": gzip.compress(gzip.compress(PLAIN)),
    "zstd.json.gz": zstandard.compress(PLAIN),
    "bzip2.json.gz": bz2.compress(PLAIN),
    "zip.json.gz": zipped({"a/b.json": PLAIN}),
    "gzip.json": gzip.compress(PLAIN),
    "empty-member.json.gz": gzip.compress(b"") + gzip.compress(PLAIN),
    "zero-padded.json.gz": gzip.compress(PLAIN) + bytes(512),
}


def test_content_tells_the_compression_not_the_name(ingest: Ingests) -> None:
    found = ingest.each(READABLE)
    assert {name: run.counts for name, run in found.items()} == dict.fromkeys(READABLE, (5, 5, 0))


NOTHING = {
    "zero.json.gz": b"",
    "blank.json": b" \n\n \r\n",
    "no-records.json": b'{"Records":[]}',
    "packed-nothing.json.gz": gzip.compress(b""),
}


def test_nothing_is_no_record_and_no_error(ingest: Ingests) -> None:
    found = ingest.each(NOTHING)
    assert {name: run.counts for name, run in found.items()} == dict.fromkeys(NOTHING, (0, 0, 0))


UNREADABLE = {
    "noise.json.gz": (bytes(range(256)) * 8, "not_gzip"),
    "noise.log": (bytes(range(256)) * 8, "bad_format"),
    "thrice.json.gz": (gzip.compress(gzip.compress(gzip.compress(PLAIN))), "bad_format"),
    "header.json.gz": (gzip.compress(PLAIN)[:8], "truncated_gzip"),
    "table.parquet": (b"PAR1" + bytes(40), "bad_format"),
    "stranger.log": (b'{"vendor": "unheard of", "n": 1}\n' * 9, "unknown_source"),
}


def test_what_nothing_can_read_is_one_entry_that_says_why(ingest: Ingests) -> None:
    found = ingest.each({name: content for name, (content, _) in UNREADABLE.items()})
    wanted = {name: {reason: 1} for name, (_, reason) in UNREADABLE.items()}
    assert {name: run.reasons for name, run in found.items()} == wanted
    assert {run.counts for run in found.values()} == {(1, 0, 1)}


# F-13: bombs


def test_a_gibibyte_of_zeros_stops_at_the_ratio(ingest: Ingests) -> None:
    bomb, known = zeros(1024), "111122223333_CloudTrail_eu-west-1_x.json.gz"
    found = ingest.each({"bomb.json.gz": bomb, known: gzip.compress(bomb)})
    assert found["bomb.json.gz"].reasons == {"bomb_ratio": 1}
    assert found[known].reasons["bomb_ratio"] == 1


def test_a_bomb_keeps_the_records_before_it(ingest: Ingests) -> None:
    content = gzip.compress(LINES) + zeros(256)
    found = ingest.one("good-then-bomb.json.gz", content)
    assert found.report["rows"] == 5
    assert found.reasons["bomb_ratio"] == 1


def test_a_zip_of_very_many_members_stops_at_the_limit(ingest: Ingests) -> None:
    found = ingest.one("many.zip", zipped({f"{n}.json": b"" for n in range(30_000)}))
    assert found.reasons == {"bomb_bytes": 1}
    assert found.report["objects"] <= 10_001


# F-14: size


def _records_document(count: int, padding: bytes) -> Iterator[bytes]:
    yield b'{"Records":['
    for number in range(count):
        one = event(number).replace(b'"reports"', b'"' + padding + b'"')
        yield one + (b"," if number < count - 1 else b"]}")


def test_one_document_of_300_megabytes_streams(ingest: Ingests) -> None:
    padding = os.urandom(24_000).hex().encode()
    parts = list(_records_document(6_200, padding))
    assert sum(map(len, parts)) > 300_000_000
    found = ingest.one("large.json", parts)
    assert found.counts == (6_200, 6_200, 0)


def test_a_line_of_100_megabytes_spares_its_neighbours(ingest: Ingests) -> None:
    giant = [b'{"eventName":"', *(b"x" * MIB for _ in range(100)), b'"}\n']
    found = ingest.one("giant.json", [LINES, *giant, LINES.replace(b"00000000-", b"11111111-")])
    assert (found.counts, found.reasons) == ((11, 10, 1), {"line_too_long": 1})


def test_200_000_fields_become_one_row(ingest: Ingests) -> None:
    wide = {**cloudtrail(9), **{f"field{n}": n for n in range(200_000)}}
    found = ingest.one("wide.json", document([FIVE[0], json.dumps(wide).encode(), FIVE[1]]))
    assert found.counts == (3, 3, 0)
    extra = [json.loads(row["extra"]) for row in found.rows() if row["extra"]]
    assert [len(e) for e in extra] == [200_000]


def test_deep_nesting_is_refused_alone(ingest: Ingests) -> None:
    deep = {n: FIVE[4][:-1] + b',"deep":' + b"[" * n + b"]" * n + b"}" for n in (65, 100_000)}
    found = ingest.each(
        {f"{n}.json": b"\n".join([*FIVE[:4], d, event(9)]) + b"\n" for n, d in deep.items()}
    )
    for run in found.values():
        assert (run.counts, run.reasons) == ((6, 5, 1), {"depth": 1})


# F-15: text

TEXTS: dict[str, tuple[bytes, int, dict[str, int]]] = {
    "utf-16-le": (LINES.decode().encode("utf-16"), 5, {}),
    "utf-16-be": (b"\xfe\xff" + LINES.decode().encode("utf-16-be"), 5, {}),
    "utf-8-bom": (b"\xef\xbb\xbf" + LINES, 5, {}),
    "crlf": (LINES.replace(b"\n", b"\r\n"), 5, {}),
    "no-final-newline": (LINES[:-1], 5, {}),
    "blank-lines": (LINES.replace(b"\n", b"\n\n  \n"), 5, {}),
    "bad-utf-8": (
        LINES + event(9, userAgent="X").replace(b'"X"', b'"\xff\xfe"'),
        5,
        {"bad_utf8": 1},
    ),
    "nul-line": (LINES + bytes(300) + b"\n" + event(9), 6, {"bad_json": 1}),
    "nul-in-a-record": (LINES + event(9).replace(b"robin", b"ro\0in"), 5, {"bad_json": 1}),
    "not-json-line": (LINES + b'{"eventName": oops}\n' + event(9), 6, {"bad_json": 1}),
    "scalar-lines": (LINES + b"17\n" + event(9), 6, {"wrong_type": 1}),
}


def test_text_in_every_shape(ingest: Ingests) -> None:
    found = ingest.each({name: content for name, (content, *_) in TEXTS.items()})
    wanted = {name: (rows, reasons) for name, (_, rows, reasons) in TEXTS.items()}
    assert {n: (run.report["rows"], run.reasons) for n, run in found.items()} == wanted


# F-16: time

DAY = timedelta(days=1)
MOMENT = datetime(2026, 11, 18, 8, 30, 15, 250_000, tzinfo=UTC)
STAMP = MOMENT.timestamp()
TIMES: dict[str, tuple[Any, str, str]] = {
    "seconds": (int(STAMP), "2026-11-18", ""),
    "milliseconds": (int(STAMP * 1000), "2026-11-18", ""),
    "microseconds": (int(STAMP * 1_000_000), "2026-11-18", ""),
    "nanoseconds": (int(STAMP * 1000) * 1_000_000, "2026-11-18", ""),
    "text epoch": (f"{STAMP:.3f}", "2026-11-18", ""),
    "offset": ("2026-11-19T01:30:00+02:00", "2026-11-18", ""),
    "leap second": ("2016-12-31T23:59:60Z", "2017-01-01", ""),
    "two days ahead": ((MODIFIED + 2 * DAY).isoformat(), "clock_skew", ""),
    "two days behind": ((MODIFIED - 2 * DAY).isoformat(), f"{MODIFIED - 2 * DAY:%Y-%m-%d}", ""),
    "year 1": ("0001-01-01T00:00:00Z", "clock_skew", ""),
    "year 9999": ("9999-12-31T23:59:59Z", "clock_skew", ""),
    "year 10000": ("10000-01-01T00:00:00Z", "", "bad_time"),
    "no such day": ("2026-02-30T00:00:00Z", "", "bad_time"),
    "not a time": ("NaT", "", "bad_time"),
    "empty": ("", "", "bad_time"),
    "null": (None, "", "missing_required"),
    "beyond all numbers": (10**18 * 999, "", "bigint"),
}


def test_times_of_every_kind(ingest: Ingests) -> None:
    kinds = list(TIMES)
    events = [event(n, eventTime=TIMES[kind][0], eventName=kind) for n, kind in enumerate(kinds)]
    found = ingest.one("times.json", b"\n".join([*events, event(99)]) + b"\n")
    partitions = {row["eventname"]: row["event_date"] for row in found.rows()}
    wanted = {kind: TIMES[kind][1] for kind in kinds if TIMES[kind][1]}
    assert partitions == {**wanted, "GetObject": "2026-11-19"}
    refused = [TIMES[kind][2] for kind in kinds if TIMES[kind][2]]
    assert found.reasons == {r: refused.count(r) for r in refused}
    exact = {r["eventname"]: r["event_time"] for r in found.rows()}
    for kind in ("milliseconds", "microseconds", "nanoseconds", "text epoch"):
        assert exact[kind] == MOMENT


# F-17: drift

DRIFT: dict[str, tuple[bytes, int, dict[str, int]]] = {
    "a new field": (event(9, brandNew={"a": [1]}), 6, {}),
    "a field gone": (event(9).replace(b'"userAgent"', b'"userAgent2"'), 6, {}),
    "a number that is text": (event(9, readOnly="true"), 6, {}),
    "text that is a number": (event(9, userAgent=17), 6, {}),
    "an object that is a list": (event(9, requestParameters=[1, 2]), 6, {}),
    "an object that is text": (event(9, userIdentity="robin"), 6, {}),
    "other case": (event(9).replace(b'"eventName"', b'"EVENTNAME"'), 6, {}),
    "a key twice": (event(9)[:-1] + b',"eventName":"Second"}', 6, {}),
    "not a number": (event(9, userAgent=float("nan")), 5, {"bad_json": 1}),
    "half a surrogate pair": (
        event(9, userAgent="X").replace(b'"X"', rb'"\ud800"'),
        5,
        {"bad_utf8": 1},
    ),
    "5,000 digits": (event(9, extraNumber="N").replace(b'"N"', b"7" * 5000), 5, {"bigint": 1}),
}


def test_drift_breaks_nothing_beside_it(ingest: Ingests) -> None:
    found = ingest.each({n: document([*FIVE, odd]) for n, (odd, *_) in DRIFT.items()})
    wanted = {name: (rows, reasons) for name, (_, rows, reasons) in DRIFT.items()}
    assert {n: (run.report["rows"], run.reasons) for n, run in found.items()} == wanted
    for run in found.values():
        assert {cloudtrail(n)["eventID"] for n in range(5)} <= {r["eventid"] for r in run.rows()}


def test_10_000_distinct_keys_all_end_in_extra(ingest: Ingests) -> None:
    events = [event(n, **{f"key{n * 10 + i}": i for i in range(10)}) for n in range(1000)]
    found = ingest.one("keys.json", document(events))
    assert found.counts == (1000, 1000, 0)
    keys = {key for row in found.rows() for key in json.loads(row["extra"])}
    assert keys == {f"key{n}" for n in range(10_000)}
