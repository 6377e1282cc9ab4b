"""The customer keys that the other parts name: a key that is off takes its data with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from mantissa.adapters.aws.checks.look import Flaw, look, reading
from mantissa.model import Check

DESCRIBE = "kms:DescribeKey"


class Keys:
    """Collects keys while parts are looked at, and looks at them afterwards.

    Args:
        kms: a client of KMS; only `describe_key` is called.
    """

    def __init__(self, kms: Any) -> None:
        self._kms = kms
        self._users: dict[str, list[str]] = {}

    def note(self, key: str | None, user: str) -> str:
        """Remember who uses a key; return words for the user's own check."""
        if not key:
            return "no key of its own"
        self._users.setdefault(key, []).append(user)
        return "customer key"

    def checks(self) -> Iterator[Check]:
        """Yield a check for each key, by whom it serves."""
        for key, users in self._users.items():
            name = f"key of {', '.join(dict.fromkeys(users))}"
            yield from look(name, partial(self._enabled, key))

    def _enabled(self, key: str) -> str:
        place = key.rpartition("/")[2]
        with reading(DESCRIBE, key):
            state = self._kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
        if state == "PendingDeletion":
            again = f"aws kms cancel-key-deletion --key-id {place}"
            fix = f"{again} && aws kms enable-key --key-id {place}"
            raise Flaw("the key is being deleted, and what it encrypts with it", where=key, fix=fix)
        if state != "Enabled":
            fix = f"aws kms enable-key --key-id {place}"
            raise Flaw(f"the key is {state}", where=key, fix=fix)
        return f"{place} enabled"
