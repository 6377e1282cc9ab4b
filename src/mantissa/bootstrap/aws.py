"""The product over S3, DynamoDB, Glue and Athena; in a Lambda function or from a laptop."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from mantissa.adapters.aws.dynamodb import DynamoState
from mantissa.adapters.aws.s3 import S3Objects
from mantissa.adapters.aws.session import Clients
from mantissa.adapters.local.clock import SystemClock
from mantissa.bootstrap.app import App
from mantissa.config.reading import environment, load_settings, settings_of
from mantissa.config.settings import Settings
from mantissa.errors import ConfigError, StoreError
from mantissa.ports import (
    Catalog,
    Clock,
    ObjectStore,
    QueryEngine,
    QueryJobs,
    Queue,
    SecretStore,
    StateStore,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mantissa.adapters.aws.athena import AthenaEngine, Workgroup
    from mantissa.adapters.aws.export import AthenaExport
    from mantissa.adapters.aws.inputs import S3Inputs
    from mantissa.adapters.lake_sql import LakeSql
    from mantissa.adapters.local.fetched import FetchedEngine
    from mantissa.detection.prepare import Prepared
    from mantissa.detection.rule import RuleSet
    from mantissa.detection.ways import Quick, Way
    from mantissa.lake.arrivals import Arrivals
    from mantissa.lake.seen import Seen
    from mantissa.lake.sweep import Sweep

LAMBDA_HOME = Path(gettempdir()) / f"mantissa-{os.getpid()}"
"""Where a function keeps its copy of the lake's configuration; emulators give all functions one `/tmp`."""
FRESH = timedelta(seconds=15)
"""For how long a function takes the lake's configuration to be as it was."""
ROOM = 256 << 20
"""Bytes of `/tmp` that copies of the lake's files may take: a function has 512 MB."""
MEMORY = 512 << 20
"""Bytes that one query of the embedded engine may use: the function has 2 GB, and rules take some."""
DETECTION_SECONDS = 120.0
"""Time one fused query of a detection run may take: a function lives for 15 minutes."""


class AwsApp(App):
    """The product over the services of one AWS account and region."""

    detection_seconds = DETECTION_SECONDS
    engine_name = "athena"

    def __init__(
        self, settings: Settings, worker: str = "", clients: Clients | None = None
    ) -> None:
        super().__init__(settings)
        self._quick: tuple[RuleSet, Prepared] | None = None
        self._worker = worker
        self.clients = clients or Clients()

    @cached_property
    def home(self) -> Path:
        """The folder of the settings, rules and sources."""
        return self.settings.home

    @cached_property
    def objects(self) -> ObjectStore:
        """The bucket of the lake."""
        return S3Objects(self.clients.s3, self._need(self.settings.aws.lake_bucket, "lake_bucket"))

    @cached_property
    def state(self) -> StateStore:
        """Ledger, pending manifests, alerts, outbox in DynamoDB."""
        return DynamoState(
            self.clients.dynamodb, self._need(self.settings.aws.state_table, "state_table")
        )

    @cached_property
    def inputs(self) -> S3Inputs:
        """Objects of the raw buckets."""
        from mantissa.adapters.aws.inputs import S3Inputs
        from mantissa.adapters.aws.spool import Spool

        inputs = S3Inputs(self.clients.s3, self.seen, self.limits, spool=Spool())
        self._open.callback(inputs.release)
        return inputs

    @cached_property
    def seen(self) -> Seen:
        """What is known of raw objects without reading them."""
        from mantissa.lake.seen import Seen

        return Seen(self.state)

    @cached_property
    def arrivals(self) -> Arrivals:
        """Messages of the ingest queue to rows."""
        from mantissa.lake.arrivals import Arrivals
        from mantissa.lake.refusals import Refusals

        return Arrivals(self.inputs, self.ingest, Refusals(self.lake_ports), self.seen)

    @cached_property
    def sweep(self) -> Sweep:
        """Raw objects that nobody ingested, told of again."""
        from mantissa.lake.sweep import Sweep

        return Sweep(self.inputs.listing, self.state, self.ingest_queue, self.clock)

    @cached_property
    def catalog(self) -> Catalog:
        """The Glue database."""
        from mantissa.adapters.aws.glue import GlueCatalog

        location = f"s3://{self._need(self.settings.aws.lake_bucket, 'lake_bucket')}/lake"
        return GlueCatalog(
            self.clients.glue, self._need(self.settings.aws.database, "database"), location
        )

    @cached_property
    def athena(self) -> AthenaEngine:
        """Athena for the rules: an earlier answer would miss the newest files."""
        return self._athena(reuse_minutes=0)

    @cached_property
    def athena_for_people(self) -> AthenaEngine:
        """Athena for people, who may be content with an earlier answer."""
        return self._athena(self.settings.aws.reuse_minutes)

    @cached_property
    def export(self) -> AthenaExport:
        """Results of any size as one Parquet file."""
        from mantissa.adapters.aws.export import AthenaExport

        bucket = self._need(self.settings.aws.results_bucket, "results_bucket")
        location = f"s3://{bucket}/exports"
        return AthenaExport(self.clients.session, self._workgroup(0), self.lake_sql, location)

    def _athena(self, reuse_minutes: int) -> AthenaEngine:
        from mantissa.adapters.aws.athena import AthenaEngine, Waiting

        workgroup, waiting = self._workgroup(reuse_minutes), Waiting(self.clock)
        return AthenaEngine(self.clients, workgroup, self.lake_sql, waiting, files=self.data_files)

    def _workgroup(self, reuse_minutes: int) -> Workgroup:
        from mantissa.adapters.aws.athena import Workgroup

        return Workgroup(
            self._need(self.settings.aws.workgroup, "workgroup"),
            self._need(self.settings.aws.database, "database"),
            reuse_minutes,
        )

    @cached_property
    def lake_sql(self) -> LakeSql:
        """The lake as Athena and Trino know it."""
        from mantissa.adapters.lake_sql import LakeSql

        tables = {table.name: table for table in self.tables}
        location = f"s3://{self._need(self.settings.aws.lake_bucket, 'lake_bucket')}/"
        return LakeSql(location, tables, self.trino_views, self.objects, self.catalog)

    @cached_property
    def engine(self) -> QueryEngine:
        """Athena."""
        return self.athena

    @cached_property
    def fetched(self) -> FetchedEngine:
        """The embedded engine over copies of the lake's files."""
        from mantissa.adapters.local.fetched import FetchedEngine, Room

        most = max(ROOM, 2 * self.settings.detection.small_bytes)
        engine = FetchedEngine(self.objects, self.tables, Room(Path(gettempdir()), most), MEMORY)
        self._open.callback(engine.release)
        return engine

    def quick(self, engine: str) -> Quick | None:
        """Return when the embedded engine judges in place of Athena; None for never."""
        from mantissa.detection.ways import Quick

        if engine == "athena":
            return None
        given = self.settings.detection
        return Quick(self._quick_way, given.small_bytes, given.small_files, engine == "duckdb")

    def _quick_way(self) -> Way:
        from mantissa.detection.ways import Way

        rules = self.rules
        if self._quick is None or self._quick[0] is not rules:
            self._quick = (rules, self._compile(rules, "duckdb"))
        return Way("duckdb", self.fetched, self._quick[1], self.fetched.release)

    @cached_property
    def query_engine(self) -> QueryEngine:
        """Athena: the guard and the workgroup hold for everybody."""
        return self.athena_for_people

    @cached_property
    def query_jobs(self) -> QueryJobs:
        """Athena."""
        return self.athena_for_people

    @cached_property
    def secrets(self) -> SecretStore:
        """Credentials in Secrets Manager."""
        from mantissa.adapters.aws.secrets import SecretsManager

        prefix = self.settings.aws.secret_prefix
        return SecretsManager(self.clients.secretsmanager, prefix, self.clock)

    @cached_property
    def alert_queue(self) -> Queue:
        """What wakes delivery."""
        return self._queue(self.settings.aws.alert_queue, "alert_queue")

    @cached_property
    def detect_queue(self) -> Queue | None:
        """What wakes detection; None where only the clock does."""
        url = self.settings.aws.detect_queue
        return self._queue(url, "detect_queue") if url else None

    def wake_detection(self, rows: int, warn: Callable[[str], object]) -> None:
        """Have new rows judged at once, where that is not left to the clock.

        Args:
            warn: told why it could not be asked for; the clock comes a little later.
        """
        if not rows or not self.settings.detection.immediate or self.detect_queue is None:
            return
        try:
            self.detect_queue.send('{"committed": true}')
        except StoreError as error:
            warn(f"detection was not woken: {error.code}: {error.message}")

    @cached_property
    def ingest_queue(self) -> Queue:
        """Objects to ingest."""
        return self._queue(self.settings.aws.ingest_queue, "ingest_queue")

    def worker(self) -> tuple[str, Callable[[str], bool]]:
        """Return this worker's name; whether another is alive only its lease tells.

        An environment of a function answers one call at a time: what its own name left behind is
        of a call that died.
        """
        return self._worker or "aws", lambda owner: True

    def _queue(self, url: str, key: str) -> Queue:
        from mantissa.adapters.aws.sqs import SQSQueue

        return SQSQueue(self.clients.sqs, self._need(url, key))

    def _need(self, value: str, key: str) -> str:
        if value:
            return value
        raise ConfigError(
            f"no '{key}' is set in [aws]",
            where=str(self.settings.file or "the environment"),
            fix=f"set MANTISSA_AWS_{key.upper()}, or write it in mantissa.toml; `terraform output` prints it",
        )


class Deployed:
    """The product as a function keeps it between two calls: made anew when its settings change.

    Settings that cannot be read fail every call until they are mended: a lake that goes on with
    what it knew before would hide it.
    """

    def __init__(
        self,
        home: Path = LAMBDA_HOME,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._home = home
        self._environ = environment() if environ is None else environ
        self._clock = clock or SystemClock()
        self._clients = Clients()
        self._app: AwsApp | None = None
        self._looked: datetime | None = None

    def app(self) -> AwsApp:
        """Return the product with the settings, rules and sources that the lake has now.

        What was looked at a moment ago is not looked at again.
        """
        now = self._clock.now()
        if self._app is None or self._looked is None or now - self._looked >= FRESH:
            self._renew()
            self._looked = now
        assert self._app is not None
        return self._app

    def _renew(self) -> None:
        from mantissa.adapters.aws.mirror import mirror

        lake = AwsApp(settings_of(self._environ), clients=self._clients).objects
        if not mirror(lake, self._home) and self._app is not None:
            return
        self._app = None
        worker = self._environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        self._app = AwsApp(load_settings(self._home, self._environ), worker, self._clients)
