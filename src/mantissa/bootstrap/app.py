"""The product's use cases over whatever adapters a place has; `local` and `aws` choose them.

Each part is made when it is first asked for, so that a command pays for what it uses.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from mantissa.adapters.local.clock import SystemClock
from mantissa.config.settings import Settings
from mantissa.model import DataFile, Finding, QueryLimits, RuleInfo, Table
from mantissa.ports import (
    Catalog,
    Clock,
    ObjectStore,
    QueryEngine,
    QueryJobs,
    SecretStore,
    StateStore,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from mantissa.alerts.deliver import Delivery
    from mantissa.alerts.group import Writes
    from mantissa.alerts.route import AlertSettings
    from mantissa.alerts.triage import Triage
    from mantissa.ask.jobs import Queries
    from mantissa.ask.service import Query
    from mantissa.audit.trail import Trail
    from mantissa.detection.prepare import Prepared
    from mantissa.detection.rule import RuleSet
    from mantissa.detection.run import Detection
    from mantissa.detection.ways import Quick
    from mantissa.lake.ingest import Ingest, Inputs, LakePorts
    from mantissa.lake.quarantine import Quarantine
    from mantissa.lake.reconcile import Reconcile
    from mantissa.lake.repair import Repair
    from mantissa.lake.replay import ReplayQuarantine
    from mantissa.sources.record import Limits
    from mantissa.sources.registry import Sources


def library_rules() -> Path:
    """Return the folder of the rules that come with the product: in the wheel, else the checkout."""
    import mantissa

    package = Path(mantissa.__file__).parent
    packed = package / "library" / "rules"
    return packed if packed.is_dir() else package.parents[1] / "rules"


class App(ABC):
    """The product, wherever it runs."""

    detection_seconds = 600.0
    """Time one fused query of a detection run may take."""

    engine_name = "duckdb"
    """What the lake's own engine is called."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._open = ExitStack()
        self._rules: RuleSet | None = None
        self._compiled: tuple[RuleSet, Prepared] | None = None

    def close(self) -> None:
        """Close what was opened; the product is of no use afterwards."""
        self._open.close()

    @cached_property
    def clock(self) -> Clock:
        """The present time."""
        return SystemClock()

    @cached_property
    @abstractmethod
    def objects(self) -> ObjectStore:
        """The lake's own files."""

    @cached_property
    @abstractmethod
    def state(self) -> StateStore:
        """Ledger, pending manifests, alerts, outbox."""

    @cached_property
    @abstractmethod
    def inputs(self) -> Inputs:
        """Objects to ingest."""

    @cached_property
    @abstractmethod
    def catalog(self) -> Catalog:
        """The names under which engines know the tables."""

    @cached_property
    @abstractmethod
    def engine(self) -> QueryEngine:
        """Runs SQL of our own making."""

    @cached_property
    @abstractmethod
    def query_engine(self) -> QueryEngine:
        """Runs SQL that people write."""

    @cached_property
    @abstractmethod
    def query_jobs(self) -> QueryJobs:
        """Runs SQL that people write and that may outlast the call that started it."""

    @cached_property
    @abstractmethod
    def secrets(self) -> SecretStore:
        """Credentials of destinations."""

    @abstractmethod
    def worker(self) -> tuple[str, Callable[[str], bool]]:
        """Return this worker's name, and whether a worker of some name is still at work."""

    @cached_property
    @abstractmethod
    def home(self) -> Path:
        """The folder that paths in the settings are relative to."""

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
    def lake_ports(self) -> LakePorts:
        """What the lake's use cases need of the world."""
        from mantissa.lake.ingest import LakePorts

        return LakePorts(self.objects, self.state, self.clock, self.catalog.register)

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
    def repair(self) -> Repair:
        """What interrupted ingests left behind and nobody will finish, cleared away."""
        from mantissa.lake.repair import Repair

        return Repair(self.inputs, self.objects, self.state)

    @cached_property
    def query_limits(self) -> QueryLimits:
        """What one query of a person may use."""
        given = self.settings.query
        return QueryLimits(given.seconds, given.memory, given.max_rows)

    @cached_property
    def tables(self) -> Sequence[Table]:
        """Every table of the lake, detection's own included."""
        from mantissa.detection.table import FINDINGS, MATCHES

        return [*(spec.table for spec in self.sources.values()), FINDINGS, MATCHES]

    @cached_property
    def views(self) -> Mapping[str, str]:
        """The views across sources, as DuckDB SQL by name."""
        from mantissa.sources.views import views

        return {n: query.sql(dialect="duckdb") for n, query in views(self.tables).items()}

    @cached_property
    def trino_views(self) -> Mapping[str, str]:
        """The views across sources, as Trino SQL by name."""
        from mantissa.sources.views import views

        return {n: query.sql(dialect="trino") for n, query in views(self.tables).items()}

    @cached_property
    def query(self) -> Query:
        """SQL of people to answers."""
        from mantissa.ask.reads import Names
        from mantissa.ask.service import Query

        names = Names.of(self.tables, self.views)
        return Query(self.query_engine, names, self.query_limits, files=self.data_files)

    @cached_property
    def trail(self) -> Trail:
        """What makes audit records, and names that nobody can guess."""
        import secrets

        from mantissa.audit.trail import Trail

        return Trail(self.clock, partial(secrets.token_hex, 16))

    @cached_property
    def queries(self) -> Queries:
        """SQL of people that may outlast the call that asked it."""
        import time

        from mantissa.ask.jobs import JobPorts, JobSettings, Queries
        from mantissa.ask.quota import Quota

        given = self.settings.api
        quota = Quota(given.concurrent, given.per_day)
        settings = JobSettings(self.query_limits, quota, given.max_scan)
        ports = JobPorts(self.state, self.query_jobs, self.trail, time.sleep)
        return Queries(self.query, ports, settings)

    def data_files(self) -> Iterator[DataFile]:
        """Yield what every partition holds as one file, and detection's own files singly."""
        from mantissa.detection.table import FINDINGS, MATCHES
        from mantissa.lake.books import shares

        for share in shares(self.state):
            place = f"{share.table}/{share.event_date}"
            yield DataFile(
                place, share.table, share.event_date, share.rows, share.bytes, "", "", share.columns
            )
        for table in (FINDINGS, MATCHES):
            for info in self.objects.list(f"lake/{table.name}/"):
                day = info.key.split("=", 1)[1].partition("/")[0]
                yield DataFile(info.key, table.name, day, 0, info.size, "", "")

    @property
    def rules(self) -> RuleSet:
        """Every rule that could be read, and what was refused; the user's replace the library's.

        They are read once, and again on the day on which one of their exceptions has expired.
        """
        from mantissa.detection.exceptions import overdue

        today = self.clock.now().date()
        if self._rules is None or overdue(self._rules.exceptions, today):
            self._rules = self._read_rules(today)
        return self._rules

    @rules.setter
    def rules(self, rules: RuleSet) -> None:
        self._rules = rules

    def _read_rules(self, today: date) -> RuleSet:
        from mantissa.detection.load import load_rules

        settings = self.settings.detection
        own = [self.home / path for path in settings.rules]
        library = [library_rules()] if settings.library else []
        return self.given(load_rules(library, [path for path in own if path.is_dir()], today))

    def given(self, rules: RuleSet) -> RuleSet:
        """Return rules that know what the settings' placeholders stand for."""
        from mantissa.detection.expand import with_placeholders

        return with_placeholders(rules, self.settings.detection.placeholders)

    @property
    def prepared(self) -> Prepared:
        """The rules compiled for the engine that runs them."""
        rules = self.rules
        if self._compiled is None or self._compiled[0] is not rules:
            self._compiled = (rules, self._compile(rules))
        return self._compiled[1]

    def _compile(self, rules: RuleSet, dialect: str = "") -> Prepared:
        from mantissa.detection.dialects import DIALECTS
        from mantissa.detection.prepare import prepare

        return prepare(rules, self.sources.values(), DIALECTS[dialect or self.engine.dialect])

    def detection(
        self,
        judged: Callable[[int], None] = lambda files: None,
        go_on: Callable[[], bool] = lambda: True,
        engine: str = "",
    ) -> Detection:
        """Return what turns pending files into findings and alerts.

        Args:
            judged: told how many files have been judged, each time that some have been.
            go_on: asked before each round whether there is time for one.
            engine: `auto`, `athena` or `duckdb`; what the settings say unless given.

        Raises `ConfigError` for an engine that this place does not have.
        """
        from mantissa.detection.run import Detection, Ports, RunSettings

        ports = Ports(self.state, self.objects, self.engine, self.clock, self.catalog.register)
        owner, owner_is_alive = self.worker()
        limits = QueryLimits(self.detection_seconds, self.settings.query.memory)
        settings = RunSettings(
            owner,
            owner_is_alive,
            limits=limits,
            judged=judged,
            go_on=go_on,
            engine=self.engine_name,
            quick=self.quick(engine or self.settings.detection.engine),
        )
        return Detection(ports, self.prepared, self._alert_writes, settings)

    @abstractmethod
    def quick(self, engine: str) -> Quick | None:
        """Return when the embedded engine judges in place of the lake's own; None for never.

        Raises `ConfigError` for an engine that this place does not have.
        """

    def _alert_writes(self, findings: Sequence[Finding], rules: Mapping[str, RuleInfo]) -> Writes:
        from mantissa.alerts.group import alert_writes

        return alert_writes(self.state, findings, rules, self.alert_settings, self.clock.now())

    @cached_property
    def alert_settings(self) -> AlertSettings:
        """How findings become alerts and where they go."""
        from mantissa.alerts.route_config import alert_settings

        given = self.settings
        return alert_settings(given.alerts, given.destinations, given.routes)

    @cached_property
    def triage(self) -> Triage:
        """What people do with alerts."""
        from mantissa.adapters.destinations.registry import followers
        from mantissa.alerts.triage import Triage

        settings = self.alert_settings
        return Triage(self.state, self.clock, settings, followers(settings.destinations))

    @cached_property
    def delivery(self) -> Delivery:
        """Messages to destinations."""
        import random

        from mantissa.adapters.destinations.registry import targets
        from mantissa.alerts.deliver import Delivery
        from mantissa.bootstrap.masks import mask_key

        settings = self.alert_settings
        ready = targets(settings.destinations, self.clock)
        return Delivery(
            state=self.state,
            secrets=self.secrets,
            clock=self.clock,
            settings=settings,
            targets=ready,
            random=random.random,
            mask_key=mask_key(self.state),
        )
