"""Wraps ports so that a chosen call dies, fails, or takes effect and then fails.

Calls are counted over all wrapped ports together. `Killed` is no `Exception`: like a SIGKILL it
passes every handler of the product. (A real SIGKILL is used in `tests/crash/`.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import GeneratorType
from typing import Any

from mantissa.errors import StoreTransient


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Faults:
    """Which port call goes wrong and how; `happen` is called around every call.

    Args:
        at: ordinal of the call, from 1; 0 for none.
        kind: `kill_before`, `kill_after`, `refuse` (nothing happened) or `ambiguous` (it did).
    """

    at: int = 0
    kind: str = "kill_before"
    calls: int = 0
    log: list[str] = field(default_factory=list)
    die: Callable[[], None] | None = None

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        self.calls += 1
        self.log.append(name)
        if self.calls != self.at:
            return call()
        if self.kind == "kill_before":
            self._kill()
        if self.kind == "refuse":
            raise StoreTransient("injected", where=name)
        result = call()
        if self.kind == "kill_after":
            self._kill()
        if self.kind == "ambiguous":
            raise StoreTransient("injected after the effect", where=name)
        return result

    def _kill(self) -> None:
        if self.die is not None:
            self.die()
        raise Killed


class Faulty:
    """A port whose every method goes through `Faults.around`."""

    def __init__(self, inner: Any, faults: Faults, label: str) -> None:
        self._inner, self._faults, self._label = inner, faults, label

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if not callable(method):
            return method

        def called(*args: Any, **kwargs: Any) -> Any:
            def call() -> Any:
                result = method(*args, **kwargs)
                return list(result) if isinstance(result, GeneratorType) else result

            return self._faults.around(f"{self._label}.{name}", call)

        return called
