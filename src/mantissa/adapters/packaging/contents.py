"""What an artefact holds: the files of its wheels, and ours.

Wheels are read where they lie and never installed: an installer would write its own books, the
path of the Python it runs on, and the modes that the umask of the day allows.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from mantissa.adapters.packaging.functions import FUNCTIONS, Function
from mantissa.adapters.packaging.trim import is_kept
from mantissa.errors import StoreError

_DATA = re.compile(r"[^/]+\.data/(?P<kind>[^/]+)/(?P<rest>.+)")
_SUFFIXES = (".py", ".yaml", ".yml")
_LAPTOP = (
    "adapters/memory",
    "adapters/packaging/",
    "adapters/trino.py",
    "adapters/local/rows",
    "adapters/local/sandbox",
    "entrypoints/cli/",
    "entrypoints/web/",
    "library/",
)
"""Beginnings of what only a laptop runs, below the package's folder."""
_EMBEDDED = (
    "adapters/local/duckdb",
    "adapters/local/fetched",
    "adapters/local/footers",
    "adapters/local/relations",
)
"""Beginnings of what the embedded engine is made of."""


def wheel_entries(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what of a wheel belongs in an artefact, by its path there."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for info in archive.infolist():
                place = None if info.is_dir() else _installed_at(info.filename)
                if place is not None and is_kept(place):
                    yield place, archive.read(info)
    except zipfile.BadZipFile as error:
        raise StoreError("not a wheel", where=str(wheel)) from error


def _installed_at(name: str) -> str | None:
    """Return where an installer would put a file of a wheel; None for commands and headers."""
    outside = _DATA.fullmatch(name)
    if outside is None:
        return name
    return outside["rest"] if outside["kind"] in ("purelib", "platlib") else None


def own_entries(function: Function, package: Path, rules: Path) -> Iterator[tuple[str, bytes]]:
    """Yield our own files for a function: the package without the laptop's part, and the rules."""
    for path in _files(package):
        inside = path.relative_to(package).as_posix()
        if _is_for(function, inside):
            yield f"{package.name}/{inside}", path.read_bytes()
    if function.rules:
        for path in _files(rules):
            inside = path.relative_to(rules).as_posix()
            yield f"{package.name}/library/rules/{inside}", path.read_bytes()


def _files(folder: Path) -> Iterable[Path]:
    return (p for p in sorted(folder.rglob("*")) if p.suffix in _SUFFIXES and p.is_file())


def _is_for(function: Function, inside: str) -> bool:
    shells = [f"entrypoints/lambdas/{name}.py" for name in FUNCTIONS if name != function.name]
    without = _LAPTOP if function.embedded else (*_LAPTOP, *_EMBEDDED)
    return not inside.startswith(without) and inside not in shells


def merge(parts: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """Collect entries by path. Raises `StoreError` where two packages fill one path differently."""
    entries: dict[str, bytes] = {}
    for path, data in parts:
        if entries.setdefault(path, data) != data:
            raise StoreError("two packages hold different files here", where=path)
    return entries
