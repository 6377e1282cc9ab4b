"""The product on this machine: files, SQLite and DuckDB below one home folder."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.local.sqlite import SQLiteState
from mantissa.bootstrap.app import App
from mantissa.config.settings import Settings
from mantissa.errors import ConfigError
from mantissa.ports import Catalog, ObjectStore, QueryJobs, SecretStore, StateStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mantissa.adapters.local.duckdb import DuckDBEngine
    from mantissa.adapters.local.inputs import FileInputs
    from mantissa.adapters.local.sandbox import IsolatedEngine
    from mantissa.detection.ways import Quick

STATE_FILE = "state.sqlite"
SECRETS_FILE = "secrets.toml"


class LocalApp(App):
    """The product on this machine.

    Args:
        environ: the variables that may hold secrets; the process's own by default.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(settings)
        self._environ = environ

    @cached_property
    def home(self) -> Path:
        """The folder of the lake."""
        return self.settings.home

    def require_lake(self) -> LocalApp:
        """Return this if its home is a lake. Raises `ConfigError`."""
        if (self.home / "lake").is_dir():
            return self
        fix = "make one: mantissa init, or name another with --home"
        raise ConfigError("there is no lake here", where=str(self.home), fix=fix)

    @cached_property
    def objects(self) -> ObjectStore:
        """The lake's own files."""
        return FileObjects(self.home)

    @cached_property
    def state(self) -> StateStore:
        """Ledger, pending manifests, alerts, outbox in SQLite."""
        self.require_lake()
        state = SQLiteState(self.home / STATE_FILE)
        self._open.callback(state.close)
        return state

    @cached_property
    def inputs(self) -> FileInputs:
        """Files and archive members to ingest."""
        from mantissa.adapters.local.inputs import FileInputs

        return FileInputs(self.limits)

    @cached_property
    def engine(self) -> DuckDBEngine:
        """The embedded engine in this process."""
        from mantissa.adapters.local.duckdb import DuckDBEngine

        return DuckDBEngine(self.home, self.tables, self.views)

    @cached_property
    def query_engine(self) -> IsolatedEngine:
        """The embedded engine in a process of its own."""
        from mantissa.adapters.local.sandbox import IsolatedEngine

        return IsolatedEngine(self.home, self.tables, self.views)

    @cached_property
    def query_jobs(self) -> QueryJobs:
        """Queries that end before the call that starts them does."""
        from mantissa.adapters.local.jobs import LocalJobs

        return LocalJobs(self.query_engine)

    @cached_property
    def catalog(self) -> Catalog:
        """The embedded engine finds files by their paths: there is nothing to register."""
        from mantissa.adapters.local.catalog import PathCatalog

        return PathCatalog(self.tables)

    @cached_property
    def secrets(self) -> SecretStore:
        """Credentials from the environment or the owner's secrets file."""
        from mantissa.adapters.local.secrets import LocalSecrets
        from mantissa.config.reading import environment

        environ = environment() if self._environ is None else self._environ
        return LocalSecrets(self.home / SECRETS_FILE, environ, self.clock)

    def quick(self, engine: str) -> Quick | None:
        """Return None: the embedded engine is the lake's own. Raises `ConfigError` for Athena."""
        if engine != "athena":
            return None
        raise ConfigError(
            "there is no Athena on this machine",
            where=str(self.settings.file or "engine"),
            fix="take duckdb or auto; a deployed lake is judged by its own function",
        )

    def worker(self) -> tuple[str, Callable[[str], bool]]:
        """Return this process's name, and whether a process of some name is alive."""
        from mantissa.adapters.local.process import is_alive, this_process

        return this_process(), is_alive
