"""The Trino cluster that the settings name, with a lake behind it or without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import urlsplit

from mantissa.config.settings import Settings
from mantissa.errors import ConfigError
from mantissa.ports import SecretStore

if TYPE_CHECKING:
    from mantissa.adapters.trino import Auth, Cluster
    from mantissa.adapters.trino_rows import OpenOnTrino

PORTS = {"http": 8080, "https": 8443}


def trino_cluster(settings: Settings, schema: str) -> Cluster:
    """Return the cluster of `[trino]`. Raises `ConfigError` when none is named."""
    from mantissa.adapters.trino import Cluster

    given = settings.trino
    address = urlsplit(given.url)
    if address.scheme not in PORTS or not address.hostname:
        raise ConfigError(
            "'url' in [trino] is no address of a coordinator",
            where=str(settings.file or "MANTISSA_TRINO_URL"),
            fix='write it like "https://trino.example:8443"',
        )
    return Cluster(
        host=address.hostname,
        port=address.port or PORTS[address.scheme],
        schema=schema,
        user=given.user,
        catalog=given.catalog,
        scheme=cast("Literal['http', 'https']", address.scheme),
        auth=cast("Auth", given.auth),
        secret=given.secret,
        verify=given.verify or True,
    )


def rows_on_trino(settings: Settings, secrets: SecretStore) -> OpenOnTrino:
    """Return what opens the cluster over rows in memory; it needs no table of the lake."""
    from mantissa.adapters.trino_rows import OpenOnTrino

    schema = settings.trino.schema or settings.aws.database
    return OpenOnTrino(trino_cluster(settings, schema), secrets)
