"""Keeps a folder like a prefix of the lake: settings, rules and sources that users push."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import orjson

from mantissa.errors import ConfigError
from mantissa.model import ObjectInfo
from mantissa.ports import ObjectStore

PREFIX = "config/"
_KNOWN = ".mirror.json"


def mirror(objects: ObjectStore, folder: Path) -> bool:
    """Bring the folder up to date; True if anything in it changed.

    What was fetched before is recognised by its etag. Raises `ConfigError` for a key that would
    lie outside the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / _KNOWN
    known: dict[str, str] = orjson.loads(record.read_bytes()) if record.is_file() else {}
    there = {info.key: info for info in objects.list(PREFIX) if not info.key.endswith("/")}
    changed = [info for info in there.values() if known.get(info.key) != info.etag]
    gone = sorted(known.keys() - there.keys())
    for info in changed:
        _fetch(objects, info, folder)
    for key in gone:
        _place(folder, key).unlink(missing_ok=True)
    if changed or gone:
        record.write_bytes(orjson.dumps({key: info.etag for key, info in there.items()}))
    return bool(changed or gone)


def _fetch(objects: ObjectStore, info: ObjectInfo, folder: Path) -> None:
    place = _place(folder, info.key)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(objects.get(info.key))


def _place(folder: Path, key: str) -> Path:
    """Return where an object's copy lies, never outside the folder."""
    parts = PurePosixPath(key.removeprefix(PREFIX)).parts
    if not parts or any(part in ("..", "/", _KNOWN) or "\0" in part for part in parts):
        raise ConfigError("its name is no file name", where=key, fix="delete it from the bucket")
    return folder.joinpath(*parts)
