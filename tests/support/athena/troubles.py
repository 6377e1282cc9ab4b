"""Trouble on order: what happens to the next calls and the next queries, instead of the usual.

endpoint.troubles.answer("StartQueryExecution", TOO_MANY_QUERIES, times=2)
endpoint.troubles.drop("StartQueryExecution")            # done, but the answer is lost
endpoint.troubles.fate(failed("INTERNAL_ERROR", category=1, type_=200))
endpoint.troubles.fate(Fate(queued_polls=5))             # then runs as usual
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from support.athena.refusal import Answer


@dataclass(frozen=True)
class Fate:
    """How a query goes, instead of being run as it is; the text of the query chooses it.

    With `state` empty it is run on Trino after all, once it has been seen QUEUED `queued_polls`
    times and RUNNING `running_polls` times.
    """

    state: str = ""
    reason: str = ""
    error: Mapping[str, Any] = field(default_factory=dict)
    queued_polls: int = 0
    running_polls: int = 0


HELD = 1 << 30
"""So many polls that the query waits until it is stopped."""


def failed(reason: str, category: int = 2, type_: int = 0, retryable: bool = False) -> Fate:
    """Return the fate FAILED; category 1 is the system's fault, 2 the user's, 3 another's."""
    error = {
        "ErrorCategory": category,
        "ErrorType": type_,
        "Retryable": retryable,
        "ErrorMessage": reason,
    }
    return Fate("FAILED", reason, error)


def cancelled(reason: str = "") -> Fate:
    return Fate("CANCELLED", reason)


RESOURCES_EXHAUSTED = failed(
    "Query exhausted resources at this scale factor", category=1, type_=6, retryable=True
)
INTERNAL_ERROR = failed(
    "GENERIC_INTERNAL_ERROR: Unable to create class", category=1, type_=200, retryable=True
)
METASTORE_ERROR = failed("HIVE_METASTORE_ERROR: Rate exceeded", 1, 204, retryable=True)
TIMED_OUT = failed("Query timeout", category=1, type_=206)


@dataclass
class _Planned:
    """One trouble and how often it is still due."""

    what: Any
    times: int
    operation: str = ""
    contains: str = ""
    after: bool = False


@dataclass(frozen=True)
class Drop:
    """The connection is closed without an answer."""


class Troubles:
    """What is due; the first that fits is taken."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()

    def answer(self, operation: str, answer: Answer, times: int = 1, contains: str = "") -> None:
        """Answer calls of one operation (`*`: any) with an error, and do not carry them out."""
        self._add(_Planned(answer, times, operation, contains))

    def drop(self, operation: str, times: int = 1, *, before: bool = False) -> None:
        """Carry calls out (unless `before`) and lose the answer with the connection."""
        self._add(_Planned(Drop(), times, operation, after=not before))

    def fate(self, fate: Fate, times: int = 1, contains: str = "") -> None:
        """Let the next queries whose text contains `contains` go that way."""
        self._add(_Planned(fate, times, "", contains))

    def clear(self) -> None:
        with self._lock:
            self._planned.clear()

    def _add(self, planned: _Planned) -> None:
        with self._lock:
            self._planned.append(planned)

    def due(self, operation: str, text: str, *, after: bool) -> Answer | Drop | None:
        """Return what comes instead of an answer, and count it."""
        found: Answer | Drop | None = self._take(
            lambda p: p.operation in (operation, "*") and p.after == after and p.contains in text
        )
        return found

    def fate_of(self, sql: str) -> Fate:
        """Return how a new query goes, and count it."""
        fate: Fate | None = self._take(lambda p: not p.operation and p.contains in sql)
        return fate or Fate()

    def _take(self, fits: Any) -> Any:
        with self._lock:
            for planned in filter(fits, self._planned):
                planned.times -= 1
                if planned.times < 1:
                    self._planned.remove(planned)
                return planned.what
        return None


def from_json(troubles: Troubles, orders: list[Mapping[str, Any]]) -> None:
    """Take orders as a process is given them: `{"answer"|"drop"|"fate": {…}, "times": n, …}`."""
    for order in orders:
        times, contains = order.get("times", 1), order.get("contains", "")
        if "fate" in order:
            troubles.fate(Fate(**order["fate"]), times, contains)
        elif "answer" in order:
            troubles.answer(order["operation"], Answer(**order["answer"]), times, contains)
        else:
            troubles.drop(order["operation"], times, before=order.get("before", False))
