"""Cut each Lambda function's lock out of the development lock, or check that they are current.

    python tools/function_locks.py [--check]

What a function requires by name stands in `mantissa.adapters.packaging.functions`; the rest of
its closure follows from the lock's own comments on who asked for what.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from mantissa.adapters.packaging.functions import FUNCTIONS
from mantissa.adapters.packaging.lock import closure, parse_lock, render_lock

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements-dev.lock"
FOLDER = ROOT / "src" / "mantissa" / "adapters" / "packaging" / "locks"
HEAD = (
    "Written by `make locks` from requirements-dev.lock; `make check` fails when it is not current."
)


def render() -> Mapping[Path, str]:
    """Return every function's lock by its path."""
    pins = parse_lock(LOCK.read_text(encoding="utf-8"), LOCK.name)
    return {
        FOLDER / f"{name}.lock": render_lock(
            closure(pins, function.requires, function.without), HEAD
        )
        for name, function in FUNCTIONS.items()
    }


def stale() -> list[str]:
    """Return the locks on disk that are not what would be written, and those nobody asked for."""
    due = render()
    wrong = {p for p, text in due.items() if not p.is_file() or p.read_text("utf-8") != text}
    wrong |= set(FOLDER.glob("*.lock")) - set(due)
    return sorted(path.relative_to(ROOT).as_posix() for path in wrong)


def main(arguments: list[str]) -> int:
    """Write the locks, or with `--check` name those that are not current."""
    if "--check" not in arguments:
        FOLDER.mkdir(exist_ok=True)
        for path, text in render().items():
            path.write_text(text, encoding="utf-8")
        return 0
    locks = stale()
    for lock in locks:
        print(f"{lock} is not current: run `make locks`", file=sys.stderr)
    return 1 if locks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
