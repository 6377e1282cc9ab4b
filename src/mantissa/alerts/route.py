"""Where an alert goes: routes by level, tag, source, rule and hour to named destinations.

A route that does not apply says nothing about the others; an alert goes to the union of what
all matching routes name. Without any route, every destination hears of medium and above.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from mantissa.model import Alert, Severity, Verdict


@dataclass(frozen=True, slots=True)
class Hours:
    """A daily span in UTC, `start` included and `end` excluded; it may pass midnight."""

    start: time
    end: time

    def contain(self, moment: datetime) -> bool:
        """Tell whether the moment lies in the span."""
        clock = moment.time()
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True, slots=True)
class Route:
    """Which alerts go to which destinations; an empty condition matches everything.

    Args:
        destinations: names of destinations.
        tags: the alert's rule has at least one of them.
        hours: the route applies only when the alert is raised within this span.
    """

    destinations: tuple[str, ...]
    min_level: Severity = Severity.INFORMATIONAL
    tags: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    hours: Hours | None = None

    def matches(self, alert: Alert, now: datetime) -> bool:
        """Tell whether the alert takes this route now."""
        return (
            alert.level.rank >= self.min_level.rank
            and _admits(self.tags, alert.rule.tags)
            and _admits(self.sources, (alert.source,))
            and _admits(self.rules, (alert.rule.id,))
            and (self.hours is None or self.hours.contain(now))
        )


@dataclass(frozen=True, slots=True)
class Redaction:
    """What a destination may see of an alert, by field name (globs such as `user*` allowed).

    Args:
        allow: when set, every field that is not named is dropped.
        mask: the value is replaced by a placeholder that is the same for the same value.
        drop: the field is left out; wins over mask, which wins over allow.
    """

    allow: tuple[str, ...] = ()
    mask: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DestinationConfig:
    """One configured destination.

    Args:
        type: its row in the registry of adapters, such as `slack`.
        secret: name of its credential in the secret store.
        options: the settings that only its adapter understands.
    """

    name: str
    type: str
    secret: str
    redaction: Redaction = Redaction()
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Everything about alerts that a user decides.

    Args:
        tenant: part of every alert's id.
        window: findings of one group within one such span of event time are one alert.
        reopen: a closed alert with one of these verdicts opens again when its rule fires again.
        link: address of the web UI, put before `/alerts/<id>`; empty for none.
    """

    tenant: str = "local"
    window: timedelta = timedelta(hours=1)
    reopen: frozenset[Verdict] = frozenset(Verdict)
    link: str = ""
    routes: tuple[Route, ...] = ()
    destinations: tuple[DestinationConfig, ...] = ()


def destinations_for(
    alert: Alert, settings: AlertSettings, now: datetime, without: Collection[str] = ()
) -> tuple[str, ...]:
    """Name the destinations of an alert, sorted, leaving out those in `without`."""
    routes = settings.routes or (default_route(settings),)
    names = {n for route in routes if route.matches(alert, now) for n in route.destinations}
    return tuple(sorted(names.difference(without)))


def default_route(settings: AlertSettings) -> Route:
    """Make the route that holds when none is configured."""
    return Route(tuple(d.name for d in settings.destinations), min_level=Severity.MEDIUM)


def _admits(wanted: frozenset[str], present: Collection[str]) -> bool:
    return not wanted or not wanted.isdisjoint(present)
