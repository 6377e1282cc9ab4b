"""The audit trail: one record for everything a person asked or changed, written once.

A record goes into the same transaction as what it tells of, so that neither is there without the
other. Records are only ever added, under keys that sort by time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mantissa.ports import Clock, Put

TABLE = "audit"

NewId = Callable[[], str]
"""Returns a fresh name of at least 32 hexadecimal digits that nobody can guess."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as far as the front door has proven it.

    Args:
        subject: the account's unchanging name.
        name: what people call the account.
        groups: the roles it was given.
        session: the sign-in that it acts under.
        source_ip: where the request came from.
        request_id: names the request in every log.
    """

    subject: str
    name: str = ""
    groups: frozenset[str] = frozenset()
    session: str = ""
    source_ip: str = ""
    request_id: str = ""

    def is_in(self, groups: Collection[str]) -> bool:
        """Tell whether the caller is in one of these groups."""
        return not self.groups.isdisjoint(groups)


@dataclass(frozen=True, slots=True)
class Trail:
    """Makes audit records."""

    clock: Clock
    new_id: NewId

    def entry(self, caller: Caller, action: str, resource: str, **details: Any) -> Put:
        """Return the write that says who did what to which thing, to be added to a transaction.

        Args:
            action: noun and verb, like `query.submit`.
            resource: what it was done to, like `queries/<id>`.
            details: JSON values; what the action's reader needs besides.
        """
        now = self.clock.now()
        value = {
            "at": _text(now),
            "actor": caller.subject,
            "name": caller.name,
            "session": caller.session,
            "source_ip": caller.source_ip,
            "request_id": caller.request_id,
            "action": action,
            "resource": resource,
            **details,
        }
        return Put(TABLE, f"{_text(now)}-{self.new_id()}", value, None)


def fingerprint(value: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record's canonical JSON: what it was before, or is after."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _text(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
