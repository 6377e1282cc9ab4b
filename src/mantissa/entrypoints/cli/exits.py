"""How a command ends: the exit codes, and the errors that only a command line has."""

from __future__ import annotations

from enum import IntEnum

from mantissa.errors import (
    ConfigError,
    EngineTimedOut,
    GuardRefused,
    MantissaError,
    RuleError,
    SourceError,
)


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    ATTENTION = 3
    """Done, but something needs a look: quarantined records, a failed rule, a check not passed."""
    REFUSED = 4
    """By the guard or a limit."""
    STOPPED = 130
    """By Ctrl+C."""


class UsageError(ConfigError):
    """The command line itself is wrong."""

    code = "usage"


class InternalError(MantissaError):
    """Something that should not happen; the product's fault, not the user's."""

    code = "internal"


_BY_CLASS: tuple[tuple[type[Exception], Exit], ...] = (
    (GuardRefused, Exit.REFUSED),
    (EngineTimedOut, Exit.REFUSED),
    (ConfigError, Exit.USAGE),
    (SourceError, Exit.USAGE),
    (RuleError, Exit.USAGE),
)


def exit_for(error: Exception) -> Exit:
    """Return the exit code of an error, by its class."""
    return next((code for cls, code in _BY_CLASS if isinstance(error, cls)), Exit.FAILED)
