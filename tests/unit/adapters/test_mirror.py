"""The copy of a deployed lake's settings and rules: complete, current, and never outside its folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mantissa.adapters.aws.mirror import mirror
from mantissa.adapters.memory import ManualClock, MemoryObjects
from mantissa.errors import ConfigError


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects(ManualClock(datetime(2026, 3, 4, tzinfo=UTC)))


def files(folder: Path) -> dict[str, bytes]:
    found = (p for p in folder.rglob("*") if p.is_file() and p.name != ".mirror.json")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


def put(objects: MemoryObjects, key: str, data: bytes) -> None:
    objects.delete(key)
    assert objects.put_if_absent(key, data)


def test_everything_below_the_prefix_is_copied_and_nothing_else(
    objects: MemoryObjects, tmp_path: Path
) -> None:
    put(objects, "config/mantissa.toml", b"[query]\n")
    put(objects, "config/rules/a/b.yml", b"title: b\n")
    put(objects, "lake/x.parquet", b"PAR1")
    assert mirror(objects, tmp_path)
    assert files(tmp_path) == {"mantissa.toml": b"[query]\n", "rules/a/b.yml": b"title: b\n"}
    assert not mirror(objects, tmp_path)


def test_changes_and_removals_are_followed(objects: MemoryObjects, tmp_path: Path) -> None:
    put(objects, "config/rules/a.yml", b"one")
    put(objects, "config/rules/b.yml", b"two")
    mirror(objects, tmp_path)
    put(objects, "config/rules/a.yml", b"three")
    objects.delete("config/rules/b.yml")
    assert mirror(objects, tmp_path)
    assert files(tmp_path) == {"rules/a.yml": b"three"}


@pytest.mark.parametrize("key", ["config/../x", "config/a/../../x", "config/.mirror.json"])
def test_a_key_cannot_leave_the_folder(objects: MemoryObjects, tmp_path: Path, key: str) -> None:
    put(objects, key, b"evil")
    with pytest.raises(ConfigError, match="no file name"):
        mirror(objects, tmp_path / "inner")
    assert files(tmp_path) == {}
