"""What people do with an alert: acknowledge, close with a verdict, reopen, assign, comment.

Every change is in the alert's history with who and when. Acknowledging and closing also owe a
message to those destinations that follow an alert's state and were told of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mantissa.alerts.group import event, notices
from mantissa.alerts.listing import find
from mantissa.alerts.outbox import Kind, all_rows, enqueue
from mantissa.alerts.record import TABLE, alert_from, alert_value
from mantissa.alerts.route import AlertSettings
from mantissa.errors import ConfigError, Conflict
from mantissa.model import Alert, AlertStatus, Verdict
from mantissa.ports import Clock, Put, StateStore, Write

NOTE = 4_000
"""Most characters of a note or a comment."""

Witness = Callable[[Alert, Alert], Sequence[Write]]
"""Returns what else is written in the transaction that changes an alert, from before and after."""


def _nobody(before: Alert, after: Alert) -> Sequence[Write]:
    return ()


@dataclass(frozen=True, slots=True)
class Triage:
    """Changes alerts on behalf of a person.

    Args:
        followers: names of the destinations that take `acknowledge` and `resolve`.
        witness: keeps the audit trail of a front door that has one.
    """

    state: StateStore
    clock: Clock
    settings: AlertSettings
    followers: Collection[str] = ()
    witness: Witness = _nobody

    def acknowledge(self, alert_id: str, actor: str) -> Alert:
        """Say that someone is on it; nothing changes if someone already is."""

        def change(alert: Alert) -> Alert:
            if alert.status is AlertStatus.CLOSED:
                raise _refused(alert, "is closed", "reopen it first")
            return replace(alert, status=AlertStatus.ACKNOWLEDGED)

        return self._apply(alert_id, "acknowledged", actor, change)

    def close(self, alert_id: str, verdict: Verdict, actor: str, note: str = "") -> Alert:
        """Say what it was. A different verdict may be given later by closing it again."""

        def change(alert: Alert) -> Alert:
            text = _bounded(note) or alert.note
            return replace(alert, status=AlertStatus.CLOSED, verdict=verdict, note=text)

        return self._apply(alert_id, "closed", actor, change, verdict=str(verdict), note=note)

    def reopen(self, alert_id: str, actor: str) -> Alert:
        """Open a closed alert again; its destinations are told anew."""

        def change(alert: Alert) -> Alert:
            return replace(alert, status=AlertStatus.OPEN, verdict=None)

        return self._apply(alert_id, "reopened", actor, change)

    def assign(self, alert_id: str, assignee: str, actor: str) -> Alert:
        """Give it to someone; an empty name takes it from everyone."""
        return self._apply(
            alert_id, "assigned", actor, lambda a: replace(a, assignee=assignee), assignee=assignee
        )

    def comment(self, alert_id: str, text: str, actor: str) -> Alert:
        """Add a comment to its history."""
        if not text.strip():
            raise ConfigError("the comment is empty", fix="write something")
        return self._apply(alert_id, "commented", actor, None, text=_bounded(text))

    def _apply(
        self,
        alert_id: str,
        action: str,
        actor: str,
        change: Callable[[Alert], Alert] | None,
        **details: Any,
    ) -> Alert:
        """Change an alert as it is now, again if another writer was first."""
        key = find(self.state, alert_id).id
        while True:
            item = self.state.get(TABLE, key)
            if item is None:
                raise ConfigError(f"no alert {alert_id!r}", fix="list them: mantissa alerts list")
            before = alert_from(item.value)
            after = change(before) if change else before
            if after == before and change:
                return before
            after, told = self._told(
                before, after, event(action, self.clock.now(), actor, **details)
            )
            seen = self.witness(before, after)
            try:
                self.state.transact(
                    [Put(TABLE, key, alert_value(after), item.version), *told, *seen]
                )
            except Conflict:
                continue
            return after

    def _told(
        self, before: Alert, after: Alert, entry: dict[str, Any]
    ) -> tuple[Alert, list[Write]]:
        now = self.clock.now()
        changed = before.status is not after.status
        after = replace(
            after,
            updated_at=now,
            sequence=after.sequence + changed,
            history=(*after.history, {k: v for k, v in entry.items() if v != ""}),
        )
        return after, list(self._messages(after)) if changed else []

    def _messages(self, alert: Alert) -> Iterator[Write]:
        now = self.clock.now()
        if alert.status is AlertStatus.OPEN:
            yield from notices(alert, self.settings, now)
            return
        kind: Kind = "resolve" if alert.status is AlertStatus.CLOSED else "acknowledge"
        told = {row.destination for row in all_rows(self.state, alert.id)}
        for name in sorted(told.intersection(self.followers)):
            yield enqueue(alert, name, kind, now)


def _bounded(text: str) -> str:
    text = text.strip()
    return text if len(text) <= NOTE else text[: NOTE - 1] + "…"


def _refused(alert: Alert, problem: str, fix: str) -> ConfigError:
    return ConfigError(f"the alert {problem}", where=alert.id, fix=fix)
