"""The product over AWS's stores with a Trino cluster of the user's own in place of Athena."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import urlsplit

from mantissa.bootstrap.aws import AwsApp
from mantissa.errors import ConfigError
from mantissa.ports import QueryEngine, QueryJobs

if TYPE_CHECKING:
    from mantissa.adapters.trino import Auth, Cluster, TrinoEngine

PORTS = {"http": 8080, "https": 8443}


class TrinoApp(AwsApp):
    """The product whose SQL runs on a cluster that reads the same Glue database and buckets."""

    @cached_property
    def trino_engine(self) -> TrinoEngine:
        """The cluster of the settings."""
        from mantissa.adapters.lake_sql import TRINO_BYTES
        from mantissa.adapters.trino import TrinoEngine

        lake = replace(self.lake_sql, max_bytes=TRINO_BYTES)
        return TrinoEngine(self._cluster(), lake, self.secrets, files=self.data_files)

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

    def _cluster(self) -> Cluster:
        from mantissa.adapters.trino import Cluster

        given = self.settings.trino
        address = urlsplit(given.url)
        if address.scheme not in PORTS or not address.hostname:
            raise ConfigError(
                "'url' in [trino] is no address of a coordinator",
                where=str(self.settings.file or "MANTISSA_TRINO_URL"),
                fix='write it like "https://trino.example:8443"',
            )
        return Cluster(
            host=address.hostname,
            port=address.port or PORTS[address.scheme],
            schema=given.schema or self._need(self.settings.aws.database, "database"),
            user=given.user,
            catalog=given.catalog,
            scheme=cast("Literal['http', 'https']", address.scheme),
            auth=cast("Auth", given.auth),
            secret=given.secret,
            verify=given.verify or True,
        )
