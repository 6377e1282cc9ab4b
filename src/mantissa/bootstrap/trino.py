"""The product over AWS's stores with a Trino cluster of the user's own in place of Athena."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from mantissa.bootstrap.aws import AwsApp
from mantissa.bootstrap.trino_cluster import trino_cluster
from mantissa.ports import QueryEngine, QueryJobs

if TYPE_CHECKING:
    from mantissa.adapters.trino import TrinoEngine


class TrinoApp(AwsApp):
    """The product whose SQL runs on a cluster that reads the same Glue database and buckets."""

    engine_name = "trino"

    @cached_property
    def trino_engine(self) -> TrinoEngine:
        """The cluster of the settings."""
        from mantissa.adapters.lake_sql import TRINO_BYTES
        from mantissa.adapters.trino import TrinoEngine

        lake = replace(self.lake_sql, max_bytes=TRINO_BYTES)
        cluster = trino_cluster(self.settings, self._schema())
        return TrinoEngine(cluster, lake, self.secrets, files=self.data_files)

    def _schema(self) -> str:
        given = self.settings.trino.schema
        return given or self._need(self.settings.aws.database, "database")

    @cached_property
    def engine(self) -> QueryEngine:
        """The cluster."""
        return self.trino_engine

    @cached_property
    def query_engine(self) -> QueryEngine:
        """The cluster."""
        return self.trino_engine

    @cached_property
    def query_jobs(self) -> QueryJobs:
        """Queries that end before the call that starts them does."""
        from mantissa.adapters.local.jobs import LocalJobs

        return LocalJobs(self.trino_engine)
