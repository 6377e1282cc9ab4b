"""Reads what `mantissa rules push` takes to the lake: settings, rules and sources, by key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mantissa.errors import ConfigError

PREFIX = "config"
RULE_SUFFIXES = (".yml", ".yaml")
SOURCE_FILE = "source.yaml"


def settings_file(file: Path) -> dict[str, bytes]:
    """Return the settings by key."""
    return {f"{PREFIX}/{file.name}": _read(file)}


def folder_files(home: Path, folders: Sequence[Path], wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Return the wanted files of folders below a home, by key; a folder may be absent.

    Args:
        folders: relative to the home, as the settings name them.
        wanted: how their names end.

    Raises:
        ConfigError: for a folder outside the home, which no function could find again.
    """
    files: dict[str, bytes] = {}
    for folder in folders:
        place = (home / folder).resolve()
        if not place.is_relative_to(home.resolve()) or place == home.resolve():
            raise ConfigError(
                "only folders below the home can be pushed",
                where=str(folder),
                fix="move it below the home, or name another folder of rules: mantissa rules push DIR",
            )
        base = f"{PREFIX}/{place.relative_to(home.resolve()).as_posix()}"
        files |= named_files(place, base, wanted)
    return files


def named_files(folder: Path, base: str, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Return the wanted files of one folder, at any depth, under the key `base`."""
    return {
        f"{base}/{path.relative_to(folder).as_posix()}": _read(path)
        for path in _files(folder)
        if path.name.endswith(wanted)
    }


def _files(folder: Path) -> Iterator[Path]:
    yield from (p for p in sorted(folder.rglob("*")) if p.is_file())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read it: {error.strerror}", where=str(path)) from error
