"""Every error the product raises on purpose.

    MantissaError
    ├── ConfigError            a setting, path or flag is wrong: the user must change it (exit 2)
    ├── SourceError            a log source's specification is wrong (file, line)
    ├── RuleError              a Sigma rule is wrong or cannot run here (file, line)
    ├── StoreError             an object or state store failed
    │   ├── ObjectNotFound     the key is not there
    │   ├── Conflict           a conditional write lost against another writer
    │   │   └── Busy           somebody else is at work, and may be until a time
    │   ├── AccessDenied       a policy forbids it: somebody must change the policy
    │   │   └── KeyDenied      the policy, or the state, of an encryption key forbids it
    │   └── StoreTransient     worth trying again
    ├── EngineError            a query did not give an answer; never to be read as "no match"
    │   ├── EngineTransient    worth trying again
    │   ├── EngineRejected     this SQL will never run: wrong name, wrong type, over a limit
    │   │   └── QueryTooLarge  its text does not fit with so many files; with fewer it may
    │   └── EngineTimedOut     stopped by the time or memory limit
    ├── DeliveryError          a destination did not take a message
    │   ├── DeliveryTransient  worth trying again (may carry retry_after in seconds)
    │   │   └── DeliveryUnauthorised  the credentials were refused: reload them once
    │   └── DeliveryPermanent  the same message will be refused again
    ├── ModelError             a language model did not answer usefully
    ├── NoticeError            a message from a queue is not about objects that arrived
    ├── NotFound               nothing of that name, or nothing that the caller may know of
    └── GuardRefused           a query or an input is outside what is allowed (exit 4)
        └── QuotaExceeded      allowed, but not so often or so many at once

Retry is decided by class, never by text. A core function returns a value or raises.
"""

from __future__ import annotations


class MantissaError(Exception):
    """An error that names the thing, the place and the fix.

    Args:
        message: what is wrong, naming the thing.
        where: the place: a path, `path:line`, a key, a table.
        fix: what the user can do about it.
    """

    code = "error"

    def __init__(self, message: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        return self.message if self.where is None else f"{self.where}: {self.message}"


class ConfigError(MantissaError):
    """A setting, path or flag is wrong."""

    code = "config"


class _Located(MantissaError):
    """An error in a file the user owns."""

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        fix: str | None = None,
    ) -> None:
        place = file if line is None or file is None else f"{file}:{line}"
        super().__init__(message, where=place, fix=fix)
        self.file = file
        self.line = line


class SourceError(_Located):
    """A log source's specification is wrong."""

    code = "source"


class RuleError(_Located):
    """A Sigma rule is wrong or cannot run here."""

    code = "rule"


class StoreError(MantissaError):
    """An object or state store failed."""

    code = "store"


class ObjectNotFound(StoreError):
    """No object lies under that key."""

    code = "not_found"


class Conflict(StoreError):
    """A conditional write lost against another writer."""

    code = "conflict"


class Busy(Conflict):
    """Somebody else is at work on the same, and may be until the time that the fix names."""

    code = "busy"


class AccessDenied(StoreError):
    """A policy forbids what was asked."""

    code = "access_denied"


class KeyDenied(AccessDenied):
    """The encryption key behind an object may not be used."""

    code = "kms_denied"


class StoreTransient(StoreError):
    """The store may succeed if asked again."""

    code = "store_transient"


class EngineError(MantissaError):
    """A query did not give an answer."""

    code = "engine"


class EngineTransient(EngineError):
    """The engine may answer if asked again."""

    code = "engine_transient"


class EngineRejected(EngineError):
    """The engine will never run this SQL as it stands."""

    code = "engine_rejected"


class QueryTooLarge(EngineRejected):
    """The text of the query is over the engine's limit, with the names of the files it may read.

    Args:
        fits: most files with which the text fits; 0 when it does not fit without any either.
    """

    def __init__(
        self, message: str, *, fits: int = 0, where: str | None = None, fix: str | None = None
    ) -> None:
        super().__init__(message, where=where, fix=fix)
        self.fits = fits


class EngineTimedOut(EngineError):
    """The engine was stopped by the time or memory limit."""

    code = "engine_timed_out"


class DeliveryError(MantissaError):
    """A destination did not take a message.

    Args:
        status: the HTTP status it answered with; 0 when there was no answer.
    """

    code = "delivery"

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        fix: str | None = None,
        status: int = 0,
    ) -> None:
        super().__init__(message, where=where, fix=fix)
        self.status = status


class DeliveryTransient(DeliveryError):
    """The destination may take the message later.

    Args:
        retry_after: lower bound in seconds before the next try, if the destination gave one.
    """

    code = "delivery_transient"

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        fix: str | None = None,
        status: int = 0,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, where=where, fix=fix, status=status)
        self.retry_after = retry_after


class DeliveryUnauthorised(DeliveryTransient):
    """The credentials were refused: fresh ones may be taken."""

    code = "delivery_unauthorised"


class DeliveryPermanent(DeliveryError):
    """The destination will refuse the same message again."""

    code = "delivery_permanent"


class ModelError(MantissaError):
    """A language model did not answer usefully."""

    code = "model"


class NotFound(MantissaError):
    """Nothing has that name, or the caller may not know of it.

    Args:
        code: `unknown`, or `expired` for what was there and is no longer kept.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "unknown",
        where: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(message, where=where, fix=fix)
        self.code = code


class NoticeError(MantissaError):
    """A message is not about objects that arrived; asking again will not change it."""

    code = "notice"


class GuardRefused(MantissaError):
    """A query or an input is outside what is allowed.

    Args:
        code: the guard's rule that refused, for example `not_select`.
    """

    def __init__(
        self, message: str, *, code: str, where: str | None = None, fix: str | None = None
    ) -> None:
        super().__init__(message, where=where, fix=fix)
        self.code = code


class QuotaExceeded(GuardRefused):
    """The caller has used up what one person may use.

    Args:
        retry_after: seconds after which asking again makes sense.
    """

    def __init__(
        self, message: str, *, code: str, retry_after: float, fix: str | None = None
    ) -> None:
        super().__init__(message, code=code, fix=fix)
        self.retry_after = retry_after
