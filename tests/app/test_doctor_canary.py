"""The canary of `mantissa doctor --aws`, let go over moto and led on by the functions' own code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from mantissa.adapters.aws.checks.canary import PREFIX, RULE, Place, record
from mantissa.adapters.aws.dynamodb import DynamoState
from mantissa.adapters.memory import ManualClock
from mantissa.bootstrap.aws import AwsApp
from mantissa.bootstrap.doctor import Doctor, Timed
from mantissa.config.reading import load_settings, settings_of
from mantissa.lake.notices import pointer_to
from mantissa.model import ObjectInfo
from mantissa.ports import Put, QueryEngine
from support.aws_faults import Network, refused
from support.aws_faults import no_waiting as no_waiting
from support.aws_stores import moto_clients
from support.cli import rule, write_rule
from support.deployed_parts import ACCOUNT, CONFIG, NAME, Deployed, deploy
from support.detection import LakeEngine

pytestmark = pytest.mark.usefixtures("no_waiting")
TOKEN = "0f1e2d3c4b5a6978"
WITH_LIBRARY = CONFIG.replace("library = false", "library = true")
STAGES = ("released", "ingested", "judged", "found", "alert")
Acts = Callable[[], None]


class Functions(AwsApp):
    """The deployed functions, with DuckDB for Athena."""

    @cached_property
    def engine(self) -> QueryEngine:
        return LakeEngine(self.objects)

    def take(self) -> None:
        """Do what the ingest function does with every canary."""
        bucket = self.settings.aws.raw_buckets[0]
        listed = self.clients.s3.list_objects_v2(Bucket=bucket, Prefix=PREFIX)
        for found in listed["Contents"]:
            uri = f"s3://{bucket}/{found['Key']}"
            self.arrivals.take(pointer_to([ObjectInfo(uri, 0, "", found["LastModified"], "")]))

    def detect(self) -> None:
        """Do what the detect function does."""
        self.detection().run()


class World:
    """A deployment, its functions, and a doctor whose patience moves a clock of its own."""

    def __init__(self, deployed: Deployed, folder: Path, config: str = WITH_LIBRARY) -> None:
        self.deployed, self._folder = deployed, folder
        clients, parts = deployed.clients, deployed.parts
        place = {"Bucket": parts.lake_bucket, "Key": "config/mantissa.toml"}
        clients.s3.put_object(**place, Body=config.encode())
        home = folder / "functions"
        home.mkdir()
        (home / "mantissa.toml").write_text(config)
        settings = load_settings(home, deployed.environ())
        self.functions = Functions(settings, f"{NAME}-detect", clients)

    @property
    def state(self) -> DynamoState:
        parts = self.deployed.parts
        return DynamoState(self.deployed.clients.dynamodb, parts.state_table)

    def canary(self, *acts: Acts, seconds: float = 60) -> list[Timed]:
        """Let a canary go; each time the doctor waits, the next of these happens."""
        clock, left = ManualClock(datetime.now(UTC)), list(acts)

        def pause(seconds: float) -> None:
            clock.advance(seconds)
            if left:
                left.pop(0)()

        app = AwsApp(settings_of(self.deployed.environ()), clients=self.deployed.clients)
        doctor = Doctor(app, self._folder / "copy", pause=pause, clock=clock)
        return list(doctor.canary(seconds, TOKEN))


@pytest.fixture
def deployed() -> Iterator[Deployed]:
    with moto_clients() as clients:
        yield deploy(clients)


@pytest.fixture
def world(deployed: Deployed, tmp_path: Path) -> World:
    return World(deployed, tmp_path)


def names(found: list[Timed]) -> list[str]:
    return [timed.check.name.removeprefix("canary ") for timed in found]


def test_a_canary_becomes_a_row_a_finding_and_an_alert_that_nobody_is_sent(world: World) -> None:
    functions = world.functions
    found = world.canary(lambda: None, functions.take, lambda: None, functions.detect)
    assert [timed.check.ok for timed in found] == [True] * 5
    assert names(found) == list(STAGES)
    assert [timed.seconds for timed in found] == [None, 4.0, 4.0, 0.0, 0.0]
    last = found[-1].check.detail
    assert "sent to nobody" in last and "object to row" in last
    (alert,) = world.state.query("alerts")
    assert (alert.value["rule"]["id"], alert.value["level"]) == (RULE, "informational")
    assert alert.key.startswith(last.split()[1].rstrip(","))
    assert list(world.state.query("outbox")) == []


def test_only_the_canarys_rule_matches_it(world: World) -> None:
    world.canary(world.functions.take, world.functions.detect)
    assert [item.value["rule"]["id"] for item in world.state.query("alerts")] == [RULE]


def test_each_canary_has_an_alert_of_its_own() -> None:
    place, now = Place("raw", ACCOUNT, "eu-west-1"), datetime(2026, 3, 4, tzinfo=UTC)
    one, two = (record(place, now, token)["userIdentity"]["userName"] for token in ("a1", "b2"))
    assert one != two


@pytest.mark.parametrize(
    ("acts", "stage", "look_at"),
    [
        ((), "ingested", f"{NAME}-ingest-dlq"),
        (("take",), "judged", f"/aws/lambda/{NAME}-detect"),
    ],
)
def test_a_canary_that_does_not_arrive_says_where_it_stopped(
    acts: tuple[str, ...], stage: str, look_at: str, world: World
) -> None:
    found = world.canary(*(getattr(world.functions, act) for act in acts))
    last = found[-1].check
    assert names(found) == list(STAGES[: STAGES.index(stage) + 1])
    assert [timed.check.ok for timed in found] == [True] * (len(found) - 1) + [False]
    assert "within 60 s" in last.detail
    assert look_at in last.fix


def test_functions_older_than_the_rule_are_told(world: World) -> None:
    older = Functions(world.functions.settings, f"{NAME}-detect", world.deployed.clients)
    known = older.rules.rules
    older.rules = type(older.rules)(tuple(r for r in known if r.info.id != RULE))
    last = world.canary(world.functions.take, older.detect)[-1].check
    assert (last.name, last.ok) == ("canary found", False)
    assert "older than this mantissa" in last.fix


def test_a_route_that_takes_it_is_named(deployed: Deployed, tmp_path: Path) -> None:
    world = World(deployed, tmp_path, WITH_LIBRARY.replace("medium", "informational"))
    last = world.canary(world.functions.take, world.functions.detect)[-1].check
    assert last.ok
    assert "sent to slack" in last.detail


def test_without_the_librarys_rules_the_way_ends_when_it_is_judged(
    deployed: Deployed, tmp_path: Path
) -> None:
    world = World(deployed, tmp_path, CONFIG)
    own = rule("0c1b1b3e-2f7e-4f0e-9c0a-6a4f3c2d1e00")
    write_rule(tmp_path / "functions" / "rules", "own.yml", own)
    found = world.canary(world.functions.take, world.functions.detect)
    assert names(found) == ["released", "ingested", "judged", "rule"]
    assert all(timed.check.ok for timed in found)


def test_a_canary_that_cannot_be_read_is_told_with_its_reason(world: World) -> None:
    def spoil() -> None:
        """Leave in the ledger what an object of a bad time leaves."""
        world.functions.take()
        entry = next(world.state.query("ledger"))
        value: dict[str, Any] = {**entry.value, "state": "QUARANTINED"}
        value["counts"] = {**value["counts"], "rows": 0, "reasons": {"bad_time": 1}}
        world.state.put(Put("ledger", entry.key, value, entry.version))

    last = world.canary(spoil)[-1].check
    assert (last.name, last.ok) == ("canary ingested", False)
    assert "QUARANTINED, bad_time" in last.detail


def test_a_bucket_that_may_not_be_written_is_a_check(world: World) -> None:
    Network(world.deployed.clients.s3).add("PutObject", refused(403, "AccessDenied"))
    (only,) = world.canary()
    assert (only.check.name, only.check.ok) == ("canary released", False)
    assert "s3:PutObject" in only.check.detail


def test_settings_that_cannot_be_read_let_none_go(deployed: Deployed, tmp_path: Path) -> None:
    world = World(deployed, tmp_path)
    place = {"Bucket": deployed.parts.lake_bucket, "Key": "config/mantissa.toml"}
    deployed.clients.s3.delete_object(**place)
    (only,) = world.canary()
    assert not only.check.ok
    listed = deployed.clients.s3.list_objects_v2(Bucket=deployed.parts.raw_buckets[0])
    assert listed["KeyCount"] == 0
