"""The installation's key behind masked values."""

from __future__ import annotations

import secrets
from contextlib import suppress

from mantissa.errors import Conflict
from mantissa.ports import Put, StateStore

INSTALLATION = "installation"


def mask_key(state: StateStore) -> bytes:
    """Return the key, made when it is first needed."""
    item = state.get(INSTALLATION, "mask_key")
    if item is None:
        value = {"hex": secrets.token_hex(32)}
        with suppress(Conflict):
            state.put(Put(INSTALLATION, "mask_key", value, None))
        return mask_key(state)
    return bytes.fromhex(item.value["hex"])
