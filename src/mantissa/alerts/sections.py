"""The sections of the user's settings that alerts are made from, as far as this core needs them.

A core does not know where settings are read from; whatever has these attributes will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class AlertsSection(Protocol):
    """How findings become alerts."""

    @property
    def tenant(self) -> str:
        """Part of every alert's id."""
        ...

    @property
    def window(self) -> float:
        """Seconds of event time that make one alert."""
        ...

    @property
    def reopen(self) -> tuple[str, ...]:
        """Verdicts after which an alert opens again."""
        ...

    @property
    def link(self) -> str:
        """Address of the web UI; empty for none."""
        ...


class DestinationSection(Protocol):
    """One destination."""

    @property
    def name(self) -> str:
        """What routes and commands call it."""
        ...

    @property
    def type(self) -> str:
        """Its row in the registry of adapters."""
        ...

    @property
    def secret(self) -> str:
        """Name of its credential."""
        ...

    @property
    def url(self) -> str:
        """Where to send to; joins the options, empty for none."""
        ...

    @property
    def allow(self) -> tuple[str, ...]:
        """The only fields sent; empty for all."""
        ...

    @property
    def mask(self) -> tuple[str, ...]:
        """Fields sent as a placeholder."""
        ...

    @property
    def drop(self) -> tuple[str, ...]:
        """Fields not sent."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """What only its adapter knows."""
        ...


class RouteSection(Protocol):
    """One route; an empty condition matches everything."""

    @property
    def destinations(self) -> tuple[str, ...]:
        """Names of destinations."""
        ...

    @property
    def min_level(self) -> str:
        """The lowest level."""
        ...

    @property
    def tags(self) -> tuple[str, ...]:
        """One of these tags."""
        ...

    @property
    def sources(self) -> tuple[str, ...]:
        """One of these log sources."""
        ...

    @property
    def rules(self) -> tuple[str, ...]:
        """One of these rules."""
        ...

    @property
    def hours(self) -> str:
        """A span such as "08:00-18:00", UTC."""
        ...
