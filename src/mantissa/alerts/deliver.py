"""Send what the outbox owes.

Retry is decided by the class of the error: `DeliveryTransient` comes again with full jitter for
up to a day, `DeliveryPermanent` is dead at once and raises a system alert. Refused credentials
are read afresh once and tried again within the same attempt, so that a rotated secret costs
nothing. One destination's trouble stays with it: it has its own circuit, its own share of the
run, and goes last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mantissa.alerts import circuit, retry
from mantissa.alerts.message import compose, trial
from mantissa.alerts.outbox import LEASE, Held, Row, claim
from mantissa.alerts.record import TABLE, alert_from
from mantissa.alerts.redact import Redactor
from mantissa.alerts.route import AlertSettings, DestinationConfig
from mantissa.alerts.schedule import Turn, plan
from mantissa.alerts.settle import Settlement, Tally, totals
from mantissa.errors import (
    ConfigError,
    Conflict,
    DeliveryPermanent,
    DeliveryTransient,
    DeliveryUnauthorised,
    StoreError,
)
from mantissa.model import Alert, AlertStatus, Message, Receipt, Secret
from mantissa.ports import Clock, Destination, SecretStore, StateStore

PASSES = 3
"""An alert's messages go in order, one a pass: trigger, acknowledge, resolve."""
STALE = timedelta(hours=1)
"""A trigger this old about an alert that was closed meanwhile is not sent any more."""


@dataclass(frozen=True, slots=True)
class Target:
    """A destination that is ready to be sent to.

    Args:
        follows: whether it takes `acknowledge` and `resolve`.
    """

    config: DestinationConfig
    adapter: Destination
    follows: bool


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What one run did; `by_destination` holds the same counts for each.

    Args:
        waiting: live rows that were not tried: not due, behind an open circuit, over the limit.
        withdrawn: rows that were no longer true and were not sent.
    """

    sent: int
    retry: int
    dead: int
    waiting: int
    withdrawn: int
    by_destination: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a destination answered to a harmless message."""

    destination: str
    ok: bool
    status: int
    detail: str
    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Sends messages to destinations.

    Args:
        targets: by name.
        random: uniform in [0, 1), for the jitter.
        mask_key: secret of this installation behind the placeholders of masked values.
    """

    state: StateStore
    secrets: SecretStore
    clock: Clock
    settings: AlertSettings
    targets: Mapping[str, Target]
    random: Callable[[], float]
    mask_key: bytes

    def run_due(self, limit: int = 100, only: str | None = None) -> DeliveryReport:
        """Send what is due, at most `limit` messages to each destination.

        Args:
            only: serve this destination alone, so that a shell may run one worker for each.
        """
        tally = Tally()
        settle = Settlement(self.state, self.clock, self.settings, self.random, tally)
        live: Mapping[str, int] = {}
        for number in range(PASSES):
            chosen = plan(self.state, self.clock.now(), limit, tally.done)
            live = chosen.live if number == 0 else live
            names = [name for name in self._order(chosen.lanes) if only in (None, name)]
            for name in names:
                self._lane(name, chosen.lanes[name], settle)
            if not names:
                break
        return _report(tally, {n: c for n, c in live.items() if only in (None, n)})

    def test(self, name: str) -> Trial:
        """Send a harmless message and report what came back. Raises `ConfigError`."""
        if name not in self.targets:
            known = ", ".join(sorted(self.targets)) or "none is configured"
            raise ConfigError(f"no destination named {name!r}", fix=f"destinations: {known}")
        try:
            receipt = self._send(self.targets[name], trial(name, self.clock.now()))
        except (DeliveryTransient, DeliveryPermanent) as error:
            return Trial(name, False, error.status, str(error))
        return Trial(name, True, receipt.status, receipt.detail, receipt.provider_id)

    def _order(self, names: Iterable[str]) -> list[str]:
        """Put the destinations that have been failing last: a hanging one holds up no other."""
        return sorted(names, key=lambda n: (circuit.load(self.state, n)[0].failures, n))

    def _lane(self, name: str, turns: Iterable[Turn], settle: Settlement) -> None:
        target = self.targets.get(name)
        for turn in turns:
            if target is None:
                self._orphan(turn.held, settle)
            else:
                self._take(target, turn, settle)

    def _orphan(self, held: Held, settle: Settlement) -> None:
        """Keep a row of a destination that is gone for a day: it may only be commented out."""
        if self.clock.now() - held.row.created_at >= retry.GIVE_UP:
            settle.dead(held, None, "no such destination is configured")
        else:
            settle.tally.leave(held.row)

    def _take(self, target: Target, turn: Turn, settle: Settlement) -> None:
        row, now = turn.held.row, self.clock.now()
        alert = self._alert(row)
        if alert is None:
            settle.dead(turn.held, None, "its alert is gone from the state store")
        elif turn.overtaken or _is_past(row, alert, target, now):
            settle.withdrawn(turn.held)
        elif self._may_pass(row.destination, now):
            self._attempt(target, turn.held, alert, settle)
        elif self._is_spent(row, now):
            settle.dead(turn.held, alert, "its destination has been failing for a day")
        else:
            settle.tally.leave(row)

    def _attempt(self, target: Target, held: Held, alert: Alert, settle: Settlement) -> None:
        try:
            held = claim(self.state, held, self.clock.now())
        except Conflict:
            return settle.tally.leave(held.row)
        redactor = Redactor(target.config.redaction, self.mask_key)
        message = compose(alert, held.row.kind, redactor, self.settings.link)
        try:
            receipt = self._send(target, message)
        except DeliveryPermanent as error:
            settle.recovered(held.row.destination)
            return settle.dead(held, alert, str(error), error.status)
        except DeliveryTransient as error:
            return settle.failed(held, alert, error)
        return settle.sent(held, message, receipt)

    def _send(self, target: Target, message: Message) -> Receipt:
        try:
            return target.adapter.send(message, self._secret(target, fresh=False))
        except DeliveryUnauthorised:
            return target.adapter.send(message, self._secret(target, fresh=True))

    def _secret(self, target: Target, *, fresh: bool) -> Secret:
        try:
            return self.secrets.get(target.config.secret, fresh=fresh)
        except ConfigError as error:
            raise DeliveryUnauthorised(
                error.message, where=target.config.name, fix=error.fix
            ) from error
        except StoreError as error:
            raise DeliveryTransient(
                error.message, where=target.config.name, fix=error.fix
            ) from error

    def _may_pass(self, name: str, now: datetime) -> bool:
        gate = circuit.load(self.state, name)[0].gate(now)
        if gate == "probe":
            return circuit.take_probe(self.state, name, now, now + LEASE)
        return gate == "go"

    def _is_spent(self, row: Row, now: datetime) -> bool:
        """Tell whether a row has waited a day behind a destination that keeps failing."""
        since = circuit.load(self.state, row.destination)[0].failing_since
        return since is not None and now - max(since, row.created_at) >= retry.GIVE_UP

    def _alert(self, row: Row) -> Alert | None:
        item = self.state.get(TABLE, row.alert_id)
        return None if item is None else alert_from(item.value)


def _is_past(row: Row, alert: Alert, target: Target, now: datetime) -> bool:
    """Tell whether what a row would say is no longer so."""
    closed = alert.status is AlertStatus.CLOSED
    if row.kind == "acknowledge":
        return alert.status is not AlertStatus.ACKNOWLEDGED
    if row.kind == "resolve":
        return not closed
    return closed and (target.follows or now - row.created_at > STALE)


def _report(tally: Tally, live: Mapping[str, int]) -> DeliveryReport:
    each = totals(tally, live)
    names = ("sent", "retry", "dead", "waiting", "withdrawn")
    sums = {name: sum(counts[name] for counts in each.values()) for name in names}
    return DeliveryReport(**sums, by_destination=each)
