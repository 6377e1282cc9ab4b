"""Who may do what: the one table of permissions, asked with (caller, action, owner of the thing).

An action that is not in the table is allowed to nobody. What belongs to a person is seen by that
person and by admins; to others it does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mantissa.audit.trail import Caller

VIEWER, ANALYST, ADMIN = "viewer", "analyst", "admin"
GROUPS = (VIEWER, ANALYST, ADMIN)
"""The roles, the least first; each may do what those before it may."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may do one thing.

    Args:
        least: the least role that may; empty for everyone who is signed in.
        owned: whether the thing belongs to a person, and is theirs and the admins' alone.
    """

    least: str = ""
    owned: bool = False


ACTIONS: Mapping[str, Permission] = {
    "me.show": Permission(),
    "alert.list": Permission(VIEWER),
    "alert.show": Permission(VIEWER),
    "alert.acknowledge": Permission(ANALYST),
    "alert.assign": Permission(ANALYST),
    "alert.close": Permission(ANALYST),
    "alert.comment": Permission(ANALYST),
    "alert.reopen": Permission(ANALYST),
    "query.cancel": Permission(ANALYST, owned=True),
    "query.list": Permission(ANALYST),
    "query.plan": Permission(ANALYST),
    "query.show": Permission(ANALYST, owned=True),
    "query.submit": Permission(ANALYST),
    "source.list": Permission(VIEWER),
    "table.list": Permission(VIEWER),
}


def permits(caller: Caller, action: str, owner: str | None = None) -> bool:
    """Tell whether the caller may do that, to a thing of that owner if it is one's own."""
    permission = ACTIONS.get(action)
    if permission is None or not caller.subject:
        return False
    if permission.least and not caller.is_in(_from(permission.least)):
        return False
    if permission.owned and owner is not None:
        return owner == caller.subject or caller.is_in((ADMIN,))
    return True


def _from(least: str) -> tuple[str, ...]:
    return GROUPS[GROUPS.index(least) :]
