"""Somebody else's rules, taken again and again: what one changed or deleted here stays so."""

from __future__ import annotations

import pytest

from mantissa.detection.adopt import plan
from mantissa.errors import ConfigError

ONE, TWO, MINE = b"title: one", b"title: two", b"title: mine"


def test_what_is_new_is_written_and_remembered() -> None:
    first = plan({"a.yml": ONE, "d/b.yml": TWO}, {}, "")
    assert first.write == {"a.yml": ONE, "d/b.yml": TWO}
    again = plan({"a.yml": ONE, "d/b.yml": TWO}, dict(first.write), first.memory)
    assert (again.write, again.unchanged) == ({}, ("a.yml", "d/b.yml"))


def test_what_changed_there_is_followed_and_what_changed_here_is_kept() -> None:
    memory = plan({"a.yml": ONE, "b.yml": ONE}, {}, "").memory
    given = plan({"a.yml": TWO, "b.yml": TWO}, {"a.yml": ONE, "b.yml": MINE}, memory)
    assert (given.updated, given.kept) == (("a.yml",), ("b.yml",))
    assert given.write == {"a.yml": TWO}
    forced = plan({"b.yml": TWO}, {"b.yml": MINE}, memory, force=True)
    assert forced.write == {"b.yml": TWO}


def test_a_file_that_was_there_before_anything_was_taken_is_ones_own() -> None:
    assert plan({"a.yml": ONE}, {"a.yml": MINE}, "").kept == ("a.yml",)


def test_what_was_deleted_here_does_not_come_back_by_itself() -> None:
    memory = plan({"a.yml": ONE}, {}, "").memory
    given = plan({"a.yml": TWO}, {}, memory)
    assert (given.deleted, given.write) == (("a.yml",), {})
    assert plan({"a.yml": TWO}, {}, given.memory).deleted == ("a.yml",)
    assert plan({"a.yml": TWO}, {}, memory, force=True).write == {"a.yml": TWO}


def test_what_is_gone_there_is_told() -> None:
    memory = plan({"a.yml": ONE, "b.yml": TWO}, {}, "").memory
    given = plan({"a.yml": ONE}, {"a.yml": ONE, "b.yml": TWO, "mine.yml": MINE}, memory)
    assert given.gone == ("b.yml",)


@pytest.mark.parametrize("memory", ["{", "[]", '{"files": {"../a.yml": ""}}', '{"files": 1}'])
def test_a_memory_that_cannot_be_read_is_an_error(memory: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        plan({"a.yml": ONE}, {}, memory)
