"""Queries that outlive their call: races, crashes and quotas, on honest in-memory ports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mantissa.adapters.memory import MemoryState
from mantissa.ask import history, quota
from mantissa.ask.history import JobState
from mantissa.ask.quota import Quota
from mantissa.audit.trail import Caller
from mantissa.errors import Conflict, EngineTransient, NotFound, QuotaExceeded, StoreTransient
from mantissa.ports import Write
from support.api_world import World

ADA = Caller("ada", groups=frozenset({"analyst"}))
BOB = Caller("bob", groups=frozenset({"analyst"}))
SQL = "SELECT event_id FROM aws_cloudtrail WHERE event_date >= '2026-03-01'"


class Killed(BaseException):
    """The process is gone."""


class Meddled(MemoryState):
    """Lets something happen just before the next transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[Callable[[], object]] = []

    def transact(self, writes: Sequence[Write]) -> None:
        if self.before:
            self.before.pop(0)()
        super().transact(writes)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, quota=Quota(at_once=1, per_day=3))
    made.state = Meddled()
    return made


def die() -> None:
    raise Killed


def used(world: World, who: Caller = ADA) -> quota.Usage:
    return quota.load(world.state, who.subject)[0]


def test_a_call_killed_before_the_engine_began_is_gone_on_with(world: World) -> None:
    def killed(*args: object, **options: object) -> str:
        raise Killed

    start, world.jobs.start = world.jobs.start, killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        world.queries.submit(SQL, ADA)
    world.jobs.start = start  # type: ignore[method-assign]
    (record,), _ = world.queries.history(ADA)
    assert record.state is JobState.STARTING
    asked = world.queries.look(record.id, ADA)
    assert asked.result is not None
    assert asked.result.table.num_rows == 4


def test_a_call_killed_after_the_engine_began_makes_no_second_job(world: World) -> None:
    world.state.before = [lambda: None, die]
    with pytest.raises(Killed):
        world.queries.submit(SQL, ADA)
    (record,), _ = world.queries.history(ADA)
    assert list(world.jobs.started) == [record.id]
    assert world.queries.look(record.id, ADA).record.state is JobState.SUCCEEDED
    assert list(world.jobs.started) == [record.id]


def test_of_two_looks_at_an_answer_both_have_it_and_it_ends_once(world: World) -> None:
    query = world.queries.submit(SQL, ADA).record.id
    world.state.before = [lambda: world.queries.look(query, ADA)]
    second = world.queries.look(query, ADA)
    assert second.record.state is JobState.SUCCEEDED
    assert second.result is not None
    assert used(world).running == {}


def test_what_was_cancelled_while_it_was_starting_is_stopped(world: World) -> None:
    def cancel() -> None:
        (record,), _ = world.queries.history(ADA)
        world.queries.cancel(record.id, ADA)

    world.state.before = [lambda: None, cancel]
    asked = world.queries.submit(SQL, ADA)
    assert asked.record.state is JobState.CANCELLED
    assert world.jobs.cancelled == [asked.record.id]


def test_what_was_given_up_while_it_was_starting_is_stopped(world: World) -> None:
    def late() -> None:
        (record,), _ = world.queries.history(ADA)
        world.clock.advance(world.settings.limits.seconds + world.settings.grace)
        world.jobs.start_error = EngineTransient("no room")
        assert world.queries.look(record.id, ADA).record.state is JobState.FAILED

    world.state.before = [lambda: None, late]
    asked = world.queries.submit(SQL, ADA)
    assert asked.record.state is JobState.FAILED
    assert world.jobs.cancelled == [asked.record.id]
    assert used(world).running == {}


def test_an_answer_that_comes_with_the_cancel_does_not_undo_it(world: World) -> None:
    query = world.queries.submit(SQL, ADA).record.id
    world.state.before = [lambda: world.queries.cancel(query, ADA)]
    asked = world.queries.look(query, ADA)
    assert asked.record.state is JobState.CANCELLED
    assert asked.result is None


def test_two_queries_at_once_cannot_both_pass_the_quota(world: World) -> None:
    world.jobs.looks = 9
    world.state.before = [lambda: world.queries.submit(SQL, ADA)]
    with pytest.raises(QuotaExceeded):
        world.queries.submit(SQL, ADA)
    assert len(world.jobs.started) == 1
    assert len(used(world).running) == 1


def test_a_query_over_the_quota_leaves_nothing_but_is_not_counted(world: World) -> None:
    world.jobs.looks = 9
    world.queries.submit(SQL, ADA)
    with pytest.raises(QuotaExceeded):
        world.queries.submit(SQL, ADA)
    assert used(world).begun == 1
    assert len(world.queries.history(ADA)[0]) == 1
    assert [entry.get("refused") for entry in world.audit()] == [None, "too_many_at_once"]


def test_a_state_that_never_lets_one_write_is_an_error(world: World) -> None:
    def lost() -> None:
        raise Conflict("another writer was first")

    world.state.before = [lost] * 100
    with pytest.raises(StoreTransient):
        world.queries.submit(SQL, ADA)
    assert world.jobs.started == {}


def test_nothing_is_written_unless_everything_is(world: World) -> None:
    world.state.before = [die]
    with pytest.raises(Killed):
        world.queries.submit(SQL, ADA)
    for table in (history.TABLE, history.INDEX, quota.TABLE, "audit"):
        assert list(world.state.query(table)) == []


def test_rows_of_anothers_query_are_not_read(world: World) -> None:
    query = world.queries.submit(SQL, ADA, wait=1).record.id
    with pytest.raises(NotFound):
        world.queries.rows(query, BOB, 0, 10)
    assert world.queries.rows(query, ADA, 1, 2).num_rows == 2


def test_a_persons_history_is_not_reached_through_a_name(world: World) -> None:
    world.queries.submit(SQL, Caller("a", groups=frozenset({"analyst"})), wait=1)
    for name in ("", "a/", "a/x", "A", "/a"):
        assert world.queries.history(Caller(name)) == ([], "")
