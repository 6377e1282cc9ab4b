"""Rule files on this machine: a collection's read whole, one's own written so that none is torn."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from mantissa.errors import ConfigError

SUFFIXES = (".yml", ".yaml")
LICENCES = ("LICENSE", "LICENCE", "COPYING", "NOTICE")


def rule_files(folder: Path) -> list[Path]:
    """List the YAML files of a folder at any depth, without those in hidden folders.

    A checkout keeps what is about itself in hidden folders: its history and its build.
    """
    if not folder.exists():
        raise ConfigError("there is no such folder of rules", where=str(folder))
    if folder.is_file():
        return [folder]
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(place, name)
            for name in names
            if name.endswith(SUFFIXES) and not name.startswith(".")
        ]
    return sorted(found)


def licence_files(folder: Path) -> list[Path]:
    """List what a collection says about its licence, at its top."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.is_file() and p.stem.upper() in LICENCES)


def read(path: Path, limit: int) -> bytes:
    """Return at most this many bytes of a file. Raises `ConfigError`."""
    try:
        with path.open("rb") as stream:
            return stream.read(limit)
    except OSError as error:
        raise ConfigError(f"cannot read it: {error.strerror}", where=str(path)) from error


def read_named(folder: Path, names: Iterator[str] | list[str]) -> dict[str, bytes]:
    """Return those of the named files that are there."""
    return {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}


def write_all(folder: Path, files: Mapping[str, bytes]) -> Iterator[str]:
    """Write files below a folder, each whole or not at all; yield each name once it is written."""
    for name, content in files.items():
        try:
            write(folder / name, content)
        except OSError as error:
            reason = f"cannot write it: {error.strerror}"
            raise ConfigError(reason, where=str(folder / name)) from error
        yield name


def write(path: Path, content: bytes) -> None:
    """Write one file, whole or not at all. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name ends in no rule's suffix: a run that is killed here leaves no half rule.
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
