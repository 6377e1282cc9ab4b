"""A whole detection run on Athena's API: pinned files, split texts, and what is missing is waited for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mantissa.adapters.aws.athena import AthenaEngine, Waiting, Workgroup
from mantissa.adapters.local.clock import SystemClock
from mantissa.adapters.local.fetched import FetchedEngine, Room
from mantissa.detection.dialects import TRINO
from mantissa.detection.table import FINDINGS, MATCHES
from mantissa.detection.ways import Quick, Way
from mantissa.errors import EngineTransient
from support.athena.server import Endpoint
from support.athena.troubles import INTERNAL_ERROR, RESOURCES_EXHAUSTED, failed
from support.detect_world import BOB, DOOR, EVIL, World
from support.detection import SPEC, prepared
from support.emulators import Emulator
from support.engine_world import AwsLake, Clients, aws_lake
from support.gate_correlations import BURST, ENTERED, FAILED, SEQUENCE, correlation, event

SPREAD = correlation(
    "group-by: [name]\ncondition: {field: ip, gte: 2}", number=8, kind="value_count"
)
OUTER = correlation("group-by: [name]", number=7, kind="temporal_ordered", rules="[c5, entered]")
ARRIVALS = (
    (event(0, ip="10.0.0.1"), event(200), event(5, name="eve")),
    (event(5000), event(5001, name="eve", ip="10.0.0.9")),
    (event(100, ip="10.0.0.2"), event(210, "enter"), event(400)),
    (event(50), event(90_000), event(90_001), event(90_002), event(90_300, "enter")),
)
TWO = ({"name": "bob", "kind": "door", "code": 1}, {"name": "eve", "cmd": "do evil"})
READY = prepared(BOB, EVIL, DOOR, dialect=TRINO)
FOUND = {(1, "1.0"): 1, (3, "1.0"): 1, (2, "1.1"): 1}


@pytest.fixture
def lake(ministack: Emulator) -> Iterator[AwsLake]:
    with aws_lake(ministack, [SPEC.table, MATCHES, FINDINGS]) as made:
        yield made


def world(lake: AwsLake, endpoint: Endpoint, max_bytes: int = 262_144) -> World:
    engine = AthenaEngine(
        Clients(endpoint.client(), lake.s3),
        Workgroup(lake.database, lake.database),
        lake.lake(max_bytes=max_bytes),
        Waiting(SystemClock(), lambda seconds: None),
    )
    return World(objects=lake.objects, engine=engine, register=lake.catalog.register)


def queries(endpoint: Endpoint) -> list[Mapping[str, Any]]:
    return [body for name, body in endpoint.calls if name == "StartQueryExecution"]


def test_findings_are_those_of_the_laptop(lake: AwsLake, athena: Endpoint) -> None:
    there, here = world(lake, athena), World()
    for each, ready in ((there, READY), (here, prepared(BOB, EVIL, DOOR))):
        each.commit(*TWO)
        assert each.detection(ready).run().failed == ()
    drop = ("finding_id", "run_id", "detected_at")
    rows = [
        [{k: v for k, v in r.items() if k not in drop} for r in w.rows()] for w in (there, here)
    ]
    assert sorted(rows[0], key=repr) == sorted(rows[1], key=repr)
    assert there.found() == FOUND


def test_correlations_over_several_runs_find_what_the_laptop_finds(
    lake: AwsLake, athena: Endpoint
) -> None:
    rules = (FAILED, ENTERED, BURST + "  generate: true\n", SEQUENCE, SPREAD, OUTER)
    there, here = world(lake, athena), World()
    for each, ready in ((there, prepared(*rules, dialect=TRINO)), (here, prepared(*rules))):
        for events in ARRIVALS:
            each.commit(*events)
            report = each.detection(ready).run()
            assert (report.failed, report.pending) == ((), 0)
    drop = ("run_id", "detected_at")
    rows = [
        [{k: v for k, v in r.items() if k not in drop} for r in w.rows()] for w in (there, here)
    ]
    assert sorted(rows[0], key=repr) == sorted(rows[1], key=repr)
    assert there.alerted() == here.alerted()
    assert set(there.alerted()) == {1, 6, 7, 8}


def test_runs_of_either_engine_over_one_bucket_find_what_the_laptop_finds(
    lake: AwsLake, athena: Endpoint, tmp_path: Path
) -> None:
    """Every second run is judged by the embedded engine, over copies of S3's objects."""
    rules = (FAILED, ENTERED, BURST + "  generate: true\n", SEQUENCE, SPREAD, OUTER)
    there, here = world(lake, athena), World()
    on_trino, on_duckdb = prepared(*rules, dialect=TRINO), prepared(*rules)
    room = Room(tmp_path, 16 << 20)
    copies = FetchedEngine(lake.objects, [SPEC.table, MATCHES, FINDINGS], room, 128 << 20)
    quick = Quick(lambda: Way("duckdb", copies, on_duckdb, copies.release))
    for number, events in enumerate(ARRIVALS):
        there.commit(*events)
        here.commit(*events)
        asked = len(queries(athena))
        chosen = quick if number % 2 else None
        report = there.detection(on_trino, engine="athena", quick=chosen).run()
        assert here.detection(on_duckdb).run().failed == report.failed == ()
        assert report.engines == (("duckdb",) if chosen else ("athena",))
        assert (len(queries(athena)) == asked) == bool(chosen)
        assert list(tmp_path.iterdir()) == []
    drop = ("run_id", "detected_at")
    rows = [
        [{k: v for k, v in r.items() if k not in drop} for r in w.rows()] for w in (there, here)
    ]
    assert sorted(rows[0], key=repr) == sorted(rows[1], key=repr)
    assert there.alerted() == here.alerted()


def test_files_that_do_not_fit_into_one_text_are_asked_for_in_turn(
    lake: AwsLake, athena: Endpoint
) -> None:
    made = world(lake, athena, max_bytes=1_800)
    keys = [made.commit(*TWO) for _ in range(9)]
    report = made.detection(READY).run()
    assert report.failed == ()
    assert made.alerted() == {1: 9, 2: 9, 3: 9}
    texts = [body["QueryString"] for body in queries(athena)]
    assert len(texts) > 1
    assert all(len(text.encode()) <= 1_800 for text in texts)
    assert sorted(key for key in keys for text in texts if f"/{key}'" in text) == sorted(keys)


def test_what_is_too_much_for_athena_is_asked_for_in_parts(lake: AwsLake, athena: Endpoint) -> None:
    made = world(lake, athena)
    for _ in range(4):
        made.commit(*TWO)
    athena.troubles.fate(RESOURCES_EXHAUSTED, times=2)
    assert made.detection(READY).run().failed == ()
    assert made.alerted() == {1: 4, 2: 4, 3: 4}


def test_an_athena_that_fails_leaves_everything_pending(lake: AwsLake, athena: Endpoint) -> None:
    made = world(lake, athena)
    made.commit(*TWO)
    athena.troubles.fate(INTERNAL_ERROR, times=100)
    with pytest.raises(EngineTransient):
        made.detection(READY).run()
    assert (made.pending(), made.rows(), made.missed()) == (1, [], [])
    athena.troubles.clear()
    made.detection(READY).run()
    assert made.found() == FOUND


def test_a_table_that_may_not_be_read_blames_no_rule(lake: AwsLake, athena: Endpoint) -> None:
    made = world(lake, athena)
    made.commit(*TWO)
    athena.troubles.fate(failed("Insufficient permissions", 2, 1501), times=100)
    failed_rules = made.detection(READY).run().failed
    assert {f.code for f in failed_rules} == {EngineTransient.code}
    athena.troubles.clear()
    made.clock.advance(400)
    made.detection(READY).run()
    assert made.missed() == []
    assert made.alerted() == {1: 1, 2: 1, 3: 1}


def test_a_file_that_went_missing_is_no_file_without_matches(
    lake: AwsLake, athena: Endpoint
) -> None:
    made = world(lake, athena)
    made.commit(*TWO)
    lake.objects.delete(made.commit(*TWO))
    with pytest.raises(EngineTransient, match="missing"):
        made.detection(READY).run()
    assert made.pending() == 2
