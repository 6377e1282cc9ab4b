"""Credentials from the environment or from a file that only its owner may read."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from mantissa.adapters.secret_cache import MAX_AGE, SecretCache
from mantissa.errors import ConfigError
from mantissa.model import Secret
from mantissa.ports import Clock

PREFIX = "MANTISSA_SECRET_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


def variable_of(name: str) -> str:
    """Return the environment variable that holds the secret of that name."""
    return PREFIX + re.sub(r"[^A-Za-z0-9]", "_", name).upper()


class LocalSecrets:
    """The secret store of one home: `MANTISSA_SECRET_<NAME>`, then `secrets.toml`.

    Args:
        file: TOML, one `name = "value"` a line, mode 0600; it need not exist.
        environ: the process's environment.
        max_age: how long a value is used without looking again.
    """

    def __init__(
        self,
        file: Path,
        environ: Mapping[str, str],
        clock: Clock,
        *,
        max_age: timedelta = MAX_AGE,
    ) -> None:
        self._file = file
        self._environ = environ
        self._cache = SecretCache(clock, max_age)

    def get(self, name: str, *, fresh: bool = False) -> Secret:
        """Return a secret; `fresh` looks again whatever the cache holds.

        Raises:
            ConfigError: naming the secret and where to put it; never any value.
        """
        return self._cache.get(name, self._read, fresh=fresh)

    def _read(self, name: str) -> Secret:
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{name!r} cannot name a secret", fix="use letters, digits and . _ / - only"
            )
        value = self._environ.get(variable_of(name)) or self._from_file(name)
        if not value:
            raise ConfigError(
                f"there is no secret '{name}'",
                where=str(self._file),
                fix=f'add a line "{name}" = "…" there, or set {variable_of(name)}',
            )
        return Secret(value)

    def _from_file(self, name: str) -> str:
        value = self._load().get(name, "")
        if not isinstance(value, str):
            raise ConfigError(
                f"the secret '{name}' is not text",
                where=str(self._file),
                fix=f'write "{name}" = "…", the name in quotes',
            )
        return value

    def _load(self) -> Mapping[str, object]:
        try:
            return tomllib.loads(self._text())
        except UnicodeDecodeError:
            raise ConfigError("it is not UTF-8 text", where=str(self._file)) from None
        except tomllib.TOMLDecodeError as error:
            # The parser's own words may quote the file: only the line goes on.
            line = re.search(r"at line (\d+)", str(error))
            where = f"{self._file}:{line[1]}" if line else str(self._file)
            raise ConfigError(
                "it is not valid TOML", where=where, fix='one "name" = "value" a line'
            ) from None

    def _text(self) -> str:
        """Read the file, refusing one that others may read. An absent file is an empty one."""
        try:
            with self._file.open("rb") as stream:
                self._check_mode(os.fstat(stream.fileno()))
                return stream.read().decode("utf-8")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise ConfigError(f"cannot read it: {error.strerror}", where=str(self._file)) from None

    def _check_mode(self, status: os.stat_result) -> None:
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o077:
            raise ConfigError(
                f"others may read it (mode {mode:04o})",
                where=str(self._file),
                fix=f"chmod 600 {self._file}",
            )
