"""A query whose text cannot name all its files is asked again with fewer files, not fewer rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from mantissa.errors import EngineRejected, EngineTransient, QueryTooLarge
from support.detect_world import BOB, DOOR, EVIL, World
from support.detection import IDS, prepared, rule

TWO = ({"name": "bob", "kind": "door", "code": 1}, {"name": "eve", "cmd": "do evil"})
Answer = Callable[[str, tuple[str, ...]], QueryTooLarge | None]


def room_for(most: int, fits: int | None = None) -> Answer:
    """Refuse more files than these, saying that `fits` fit."""
    said = most if fits is None else fits
    return lambda sql, files: QueryTooLarge("too long", fits=said) if len(files) > most else None


def judged(world: World) -> list[int]:
    """Return how many files each answered query read."""
    return [len(files) for _, files in world.engine.queries if not world.engine.errors("", files)]


def test_files_are_divided_into_as_many_as_fit() -> None:
    world = World()
    for _ in range(10):
        world.commit(*TWO)
    world.engine.errors = room_for(4)
    report = world.detection().run()
    assert report.failed == ()
    assert judged(world) == [4, 4, 2]
    assert len(world.engine.queries) == 4
    assert world.alerted() == {1: 10, 2: 10, 3: 10}


def test_every_file_is_judged_once_by_every_rule() -> None:
    world = World()
    keys = [world.commit(*TWO) for _ in range(7)]
    world.engine.errors = room_for(3)
    world.detection().run()
    read = [key for _, files in world.engine.queries if len(files) <= 3 for key in files]
    assert sorted(read) == sorted(keys)


def test_an_engine_that_says_too_much_fits_is_asked_again() -> None:
    world = World()
    for _ in range(6):
        world.commit(*TWO)
    world.engine.errors = room_for(2, fits=5)
    assert world.detection().run().failed == ()
    assert world.alerted() == {1: 6, 2: 6, 3: 6}


def test_a_text_too_long_without_files_is_divided_by_rules() -> None:
    world = World()
    world.commit(*TWO)
    world.commit(*TWO)
    both = ("evil", "bob")
    world.engine.errors = lambda sql, files: (
        QueryTooLarge("too long") if all(word in sql for word in both) else None
    )
    assert world.detection().run().failed == ()
    assert world.alerted() == {1: 2, 2: 2, 3: 2}


def test_a_rule_too_long_by_itself_fails_for_good() -> None:
    world = World()
    world.commit(*TWO)
    world.engine.errors = lambda sql, files: QueryTooLarge("too long") if "evil" in sql else None
    report = world.detection().run()
    assert [(f.rule_id, f.code) for f in report.failed] == [(IDS[2], "engine_rejected")]
    assert world.alerted() == {1: 1, 3: 1}


def test_rules_are_not_blamed_for_a_table_that_gives_no_answer() -> None:
    world = World()
    world.commit(*TWO)
    world.engine.errors = lambda sql, files: EngineRejected("TABLE_NOT_FOUND")
    failed = world.detection().run().failed
    assert {f.code for f in failed} == {EngineTransient.code}
    world.engine.errors = lambda sql, files: None
    world.clock.advance(timedelta(minutes=6).total_seconds())
    world.detection().run()
    assert world.missed() == []
    assert world.alerted() == {1: 1, 2: 1, 3: 1}


def test_one_rule_alone_is_not_blamed_for_its_table_either() -> None:
    world = World()
    world.commit(*TWO)
    world.engine.errors = lambda sql, files: EngineRejected("PERMISSION_DENIED")
    failed = world.detection(prepared(EVIL)).run().failed
    assert [f.code for f in failed] == [EngineTransient.code]


def test_a_rule_that_the_engine_refuses_is_blamed_where_the_table_answers() -> None:
    world = World()
    world.commit(*TWO)
    odd = rule("s: {cmd|contains: odd}\ncondition: s", number=9)
    world.engine.errors = lambda sql, files: EngineRejected("no") if "odd" in sql else None
    for ready in (prepared(odd), prepared(BOB, DOOR, odd)):
        world.commit(*TWO)
        failed = world.detection(ready).run().failed
        assert [(f.rule_id, f.code) for f in failed] == [(IDS[9], "engine_rejected")]
