"""The folder of a lake on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mantissa.errors import ConfigError

FOLDERS = ("lake", "quarantine", "manifest", "rules", "sources")
SECRETS_FILE = "secrets.toml"


def create_home(home: Path, *, settings: Mapping[str, str], secrets: str) -> tuple[str, ...]:
    """Make a home's folders and files; what is there already stays.

    Args:
        settings: file name → text.
        secrets: text of the secrets file, which only its owner may read.

    Returns:
        The names that were made.

    Raises:
        ConfigError: when the folder cannot be made or written to.
    """
    try:
        # Logs and findings are nobody else's business: a new home is its owner's alone.
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = [name for name in FOLDERS if _make_folder(home / name)]
        made += [name for name, text in settings.items() if _write_new(home / name, text, 0o644)]
        made += [SECRETS_FILE] if _write_new(home / SECRETS_FILE, secrets, 0o600) else []
    except OSError as error:
        raise ConfigError(
            f"cannot make a lake here: {error.strerror}",
            where=str(error.filename or home),
            fix="name a folder that you may write to",
        ) from error
    return tuple(made)


def _make_folder(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        # Another process may be making the same home right now.
        if not folder.is_dir():
            raise
        return False
    return True


def _write_new(file: Path, text: str, mode: int) -> bool:
    """Write a file with that mode from its first byte on, unless something has the name."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    return True
