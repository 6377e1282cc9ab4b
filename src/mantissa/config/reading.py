"""From `mantissa.toml` and the environment to `Settings`; the only reader of the environment.

What is not known is refused, with the place and the nearest known name: a misspelt limit that is
silently ignored is worse than no limit.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mantissa.config.keys import Key, keys_of, read_text, read_value
from mantissa.config.settings import LISTS, SECTIONS, Settings
from mantissa.errors import ConfigError

FILE = "mantissa.toml"
PREFIX = "MANTISSA_"
SECRET_PREFIX = "MANTISSA_SECRET_"
_OTHER_VARIABLES = ("HOME", "SECRET_", "SHARED_DATA", "REQUIRE", "TEST_", "BENCH_")
"""Variables with our prefix that are not settings; a trailing underscore stands for a family."""


def environment() -> Mapping[str, str]:
    """Return a copy of the process's environment."""
    return dict(os.environ)


def secret_values(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the secrets that stand in the environment, longest first, to blot them out."""
    values = {v for name, v in environ.items() if name.startswith(SECRET_PREFIX) and len(v) > 5}
    return tuple(sorted(values, key=len, reverse=True))


def find_home(option: Path | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """Return the lake's folder: the option, `MANTISSA_HOME`, a parent's, else `.mantissa`."""
    named = option or (Path(environ["MANTISSA_HOME"]) if environ.get("MANTISSA_HOME") else None)
    if named is not None:
        return (cwd / named.expanduser()).resolve()
    for folder in (cwd, *cwd.parents):
        if (folder / FILE).is_file():
            return folder.resolve()
    return (cwd / ".mantissa").resolve()


def load_settings(home: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of a home; without a `mantissa.toml` every key has its default.

    Raises:
        ConfigError: naming the key, the line and the nearest known key.
    """
    file = home / FILE
    document = _Document.read(file) if file.is_file() else _Document(file)
    return _settings(document, home, environment() if environ is None else environ)


def settings_of(environ: Mapping[str, str]) -> Settings:
    """Return what the variables alone say: where a function finds the rest of its settings."""
    return _settings(_Document(Path(FILE)), Path(), environ)


def _settings(document: _Document, home: Path, environ: Mapping[str, str]) -> Settings:
    variables = _overrides(environ)
    document.refuse_unknown_sections()
    parts: dict[str, Any] = {
        **{name: document.section(name, cls, variables) for name, cls in SECTIONS.items()},
        **{name: document.entries(name, cls) for name, cls in LISTS.items()},
    }
    settings = Settings(home=home, file=document.file if document.text else None, **parts)
    _check_names(settings, document)
    return settings


@dataclass(frozen=True, slots=True)
class _Document:
    """A parsed TOML file that can say on which line a key stands."""

    file: Path
    text: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> _Document:
        try:
            text = file.read_text(encoding="utf-8")
            return cls(file, text, tomllib.loads(text))
        except OSError as error:
            raise ConfigError(f"cannot read it: {error.strerror}", where=str(file)) from error
        except UnicodeDecodeError as error:
            raise ConfigError("it is not UTF-8 text", where=str(file)) from error
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"at line (\d+)", str(error))
            where = f"{file}:{line[1]}" if line else str(file)
            raise ConfigError(f"it is not valid TOML: {error}", where=where) from error

    def where(self, section: str, key: str = "", nth: int = 0) -> str:
        """Return `path:line` of a key, as well as a search over the lines can tell."""
        inside, seen = False, -1
        for number, line in enumerate(self.text.splitlines(), 1):
            header = re.match(r"\s*\[\[?\s*([\w.\-\"']+)\s*\]\]?", line)
            if header and key and header[1] == f"{section}.{key}":
                return f"{self.file}:{number}"
            if header:
                inside = header[1].strip("\"'") == section
                seen += inside
                if inside and seen == nth and not key:
                    return f"{self.file}:{number}"
            elif (
                inside
                and seen == nth
                and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line)
            ):
                return f"{self.file}:{number}"
        return str(self.file)

    def refuse_unknown_sections(self) -> None:
        known = (*SECTIONS, *LISTS)
        for name in self.values:
            if name not in known:
                raise ConfigError(
                    f"unknown section [{name}]", where=self.where(name), fix=_nearest(name, known)
                )

    def section(self, name: str, cls: type[Any], variables: Mapping[str, str]) -> Any:
        """Return one `[section]` as its class, with the environment's overrides."""
        given = self.values.get(name, {})
        if not isinstance(given, dict):
            raise ConfigError(f"[{name}] must be a table", where=self.where(name))
        values = self._values(name, cls, given)
        for key in keys_of(cls).values():
            variable = f"{PREFIX}{name}_{key.name}".upper()
            if variable in variables:
                values[key.name] = _from_variable(key, variable, variables[variable])
        return cls(**values)

    def entries(self, name: str, cls: type[Any]) -> tuple[Any, ...]:
        """Return every `[[name]]` as its class."""
        given = self.values.get(name, [])
        if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
            raise ConfigError(
                f"'{name}' must be a list of tables",
                where=self.where(name),
                fix=f"write [[{name}]]",
            )
        return tuple(
            cls(**self._values(name, cls, entry, nth=nth)) for nth, entry in enumerate(given)
        )

    def _values(
        self, section: str, cls: type[Any], given: Mapping[str, Any], *, nth: int = 0
    ) -> dict[str, Any]:
        known = keys_of(cls)
        for name in given:
            if name not in known:
                raise ConfigError(
                    f"unknown key '{name}' in [{section}]",
                    where=self.where(section, name, nth),
                    fix=_nearest(name, tuple(known)),
                )
        for key in known.values():
            if key.is_required and key.name not in given:
                raise ConfigError(
                    f"[[{section}]] needs the key '{key.name}'",
                    where=self.where(section, nth=nth),
                    fix=f"{key.name} = … ({key.doc})",
                )
        return {name: self._read(section, known[name], value, nth) for name, value in given.items()}

    def _read(self, section: str, key: Key, value: object, nth: int) -> Any:
        try:
            return read_value(key, value)
        except ValueError as due:
            where = self.where(section, key.name, nth)
            raise ConfigError(
                f"'{key.name}' in [{section}] is wrong", where=where, fix=f"it must be {due}"
            ) from None


def _from_variable(key: Key, variable: str, text: str) -> Any:
    try:
        return read_text(key, text)
    except ValueError as due:
        where = f"environment variable {variable}"
        raise ConfigError("its value is wrong", where=where, fix=f"it must be {due}") from None


def _overrides(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables that set keys; refuse those that look as if they should."""
    known = {
        f"{PREFIX}{section}_{name}".upper()
        for section, cls in SECTIONS.items()
        for name in keys_of(cls)
    }
    ours = {name for name in environ if name.startswith(PREFIX) and not _is_other(name)}
    for name in sorted(ours - known):
        raise ConfigError(
            "no setting has this name",
            where=f"environment variable {name}",
            fix=_nearest(name, tuple(sorted(known))),
        )
    return {name: environ[name] for name in ours}


def _is_other(variable: str) -> bool:
    rest = variable.removeprefix(PREFIX)
    return any(rest == o or (o.endswith("_") and rest.startswith(o)) for o in _OTHER_VARIABLES)


def _check_names(settings: Settings, document: _Document) -> None:
    """Refuse two destinations of one name, and routes to a destination that is not there."""
    names: list[str] = []
    for nth, destination in enumerate(settings.destinations):
        if destination.name in names:
            raise ConfigError(
                f"two destinations are called '{destination.name}'",
                where=document.where("destinations", "name", nth),
                fix="give each its own name",
            )
        names.append(destination.name)
    for nth, route in enumerate(settings.routes):
        where = document.where("routes", "destinations", nth)
        if not route.destinations:
            raise ConfigError(
                "the route names no destination", where=where, fix="name at least one"
            )
        for name in route.destinations:
            if name not in names:
                raise ConfigError(
                    f"no destination is called '{name}'",
                    where=where,
                    fix=_nearest(name, tuple(names)) if names else "add [[destinations]] first",
                )


def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"known are {', '.join(known)}"
