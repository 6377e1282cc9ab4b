"""The only place that chooses adapters: settings in, the product's use cases out.

Each part is made when it is first asked for, so that a command pays for what it uses.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mantissa.adapters.local.clock import SystemClock
from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.local.sqlite import SQLiteState
from mantissa.config.settings import Settings
from mantissa.errors import ConfigError
from mantissa.model import QueryLimits
from mantissa.ports import Clock, ObjectStore, StateStore

if TYPE_CHECKING:
    from mantissa.adapters.local.duckdb import DuckDBEngine
    from mantissa.adapters.local.inputs import FileInputs
    from mantissa.lake.ingest import Ingest, LakePorts
    from mantissa.lake.quarantine import Quarantine
    from mantissa.lake.reconcile import Reconcile
    from mantissa.lake.replay import ReplayQuarantine
    from mantissa.sources.record import Limits
    from mantissa.sources.registry import Sources

STATE_FILE = "state.sqlite"


class App:
    """The product on this machine: files, SQLite and DuckDB below one home folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home: Path = settings.home
        if not (self.home / "lake").is_dir():
            raise ConfigError(
                "there is no lake here", where=str(self.home), fix="make one: mantissa init"
            )

    @cached_property
    def clock(self) -> Clock:
        """The present time."""
        return SystemClock()

    @cached_property
    def objects(self) -> ObjectStore:
        """The lake's own files."""
        return FileObjects(self.home)

    @cached_property
    def state(self) -> StateStore:
        """Ledger, pending manifests, alerts, outbox."""
        return SQLiteState(self.home / STATE_FILE)

    @cached_property
    def sources(self) -> Sources:
        """The built-in log sources and the user's."""
        from mantissa.sources.registry import load_sources

        return load_sources([self.home / path for path in self.settings.ingest.sources])

    @cached_property
    def limits(self) -> Limits:
        """What one input object may cost."""
        from mantissa.sources.record import Limits

        given = self.settings.ingest
        return Limits(
            max_bytes=given.max_bytes,
            max_ratio=given.max_ratio,
            max_line=given.max_line,
            max_depth=given.max_depth,
            max_document=given.max_document,
            max_members=given.max_members,
            batch_records=given.batch_records,
            batch_bytes=given.batch_bytes,
        )

    @cached_property
    def inputs(self) -> FileInputs:
        """Files and archive members to ingest."""
        from mantissa.adapters.local.inputs import FileInputs

        return FileInputs(self.limits)

    @cached_property
    def lake_ports(self) -> LakePorts:
        """What the lake's use cases need of the world."""
        from mantissa.lake.ingest import LakePorts

        return LakePorts(self.objects, self.state, self.clock)

    @cached_property
    def ingest(self) -> Ingest:
        """Objects to rows."""
        from mantissa.lake.ingest import Ingest, IngestSettings

        lake = self.settings.lake
        settings = IngestSettings(lake.split_rows, lake.split_bytes, self.limits)
        return Ingest(self.inputs, self.lake_ports, self.sources, settings)

    @cached_property
    def quarantine(self) -> Quarantine:
        """What could not become rows."""
        from mantissa.lake.quarantine import Quarantine

        return Quarantine(self.objects, self.state)

    @cached_property
    def replay(self) -> ReplayQuarantine:
        """Quarantined records tried again."""
        from mantissa.lake.replay import ReplayQuarantine

        return ReplayQuarantine(self.ingest, self.inputs, self.lake_ports, self.sources)

    @cached_property
    def reconcile(self) -> Reconcile:
        """Ledger against files."""
        from mantissa.lake.reconcile import Reconcile

        return Reconcile(self.objects, self.state)

    @cached_property
    def query_limits(self) -> QueryLimits:
        """What one query of a person may use."""
        given = self.settings.query
        return QueryLimits(given.seconds, given.memory, given.max_rows)
