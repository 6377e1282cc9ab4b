"""Which adapter speaks to which kind of destination; loaded when first used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mantissa.alerts.deliver import Target
from mantissa.alerts.route import DestinationConfig
from mantissa.alerts.route_config import nearest
from mantissa.errors import ConfigError
from mantissa.ports import Clock

if TYPE_CHECKING:
    from mantissa.adapters.destinations.http import Net


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of destination.

    Args:
        adapter: `module:Class`, called with (config, net, clock).
        follows: whether it takes `acknowledge` and `resolve` as well as `trigger`.
    """

    adapter: str
    follows: bool


REGISTRY: Mapping[str, Entry] = {
    "slack": Entry("mantissa.adapters.destinations.slack:Slack", follows=False),
    "pagerduty": Entry("mantissa.adapters.destinations.pagerduty:PagerDuty", follows=True),
    "webhook": Entry("mantissa.adapters.destinations.webhook:Webhook", follows=True),
}


def targets(
    configs: Sequence[DestinationConfig], clock: Clock, net: Net | None = None
) -> dict[str, Target]:
    """Make every configured destination ready. Raises `ConfigError` naming the key."""
    return {config.name: _target(config, clock, net) for config in configs}


def followers(configs: Sequence[DestinationConfig]) -> frozenset[str]:
    """Name the destinations that follow an alert's state."""
    return frozenset(config.name for config in configs if _entry(config).follows)


def _target(config: DestinationConfig, clock: Clock, net: Net | None) -> Target:
    from mantissa.adapters.destinations.http import Net

    entry = _entry(config)
    module, name = entry.adapter.split(":")
    adapter = getattr(importlib.import_module(module), name)
    return Target(config, adapter(config, net or Net(), clock), entry.follows)


def _entry(config: DestinationConfig) -> Entry:
    if config.type not in REGISTRY:
        raise ConfigError(
            f"{config.type!r} is not a kind of destination",
            where=f"destinations.{config.name}.type",
            fix=nearest(config.type, REGISTRY),
        )
    return REGISTRY[config.type]
