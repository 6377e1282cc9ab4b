"""Reading the settings that only one adapter understands; every error names its key."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from mantissa.adapters.destinations.address import Network
from mantissa.alerts.route import DestinationConfig
from mantissa.alerts.route_config import nearest
from mantissa.errors import ConfigError


class Options:
    """The options of one destination, checked against the names its adapter knows."""

    def __init__(self, config: DestinationConfig, known: Sequence[str]) -> None:
        self._config = config
        for key in config.options:
            if key not in known:
                raise self._wrong(key, "is not known", nearest(key, known))

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; without a default it must be given."""
        value = self._config.options.get(key, default)
        if value is None:
            raise self._wrong(key, "is missing", f"add {key} = …")
        if not isinstance(value, str):
            raise self._wrong(key, f"{value!r} is not a text", "put it in quotes")
        return value

    def networks(self, key: str = "allow_networks") -> tuple[Network, ...]:
        """Return networks, such as `["127.0.0.0/8"]`."""
        value = self._config.options.get(key, [])
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self._wrong(key, f"{value!r} is not a list", 'write ["10.1.2.0/24"]')
        return tuple(self._network(key, item) for item in value)

    def _network(self, key: str, item: object) -> Network:
        try:
            return ipaddress.ip_network(str(item))
        except ValueError as error:
            raise self._wrong(key, str(error), 'write networks as "10.1.2.0/24"') from error

    def _wrong(self, key: str, problem: str, fix: str) -> ConfigError:
        return ConfigError(problem, where=f"destinations.{self._config.name}.{key}", fix=fix)
