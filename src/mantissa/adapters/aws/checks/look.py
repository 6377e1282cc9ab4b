"""How a part of a deployment is looked at: aspects that say what they found, or what is wrong.

An aspect returns a few words when all is well and raises an error of the product when not. What
AWS denies is such an error too and names the action, so no denial hides what else is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from mantissa.adapters.aws.errors import DENIED, code_of, translated
from mantissa.errors import AccessDenied, MantissaError
from mantissa.model import Check

Aspect = Callable[[], str]
"""Returns what is well, in a few words; raises `MantissaError` for what is not."""


class Flaw(MantissaError):
    """Something of a deployment is not as the product needs it."""

    code = "flaw"


def look(name: str, first: Aspect, others: Iterable[Aspect] = ()) -> Iterator[Check]:
    """Yield one check that passed, or one for each aspect that did not.

    Args:
        first: when this one fails, the others are not asked: the thing is not there.
    """
    details: list[str] = []
    failed: list[Check] = []
    for aspect in (first, *others):
        try:
            details.append(aspect())
        except MantissaError as error:
            failed.append(failure(name, error))
            if aspect is first:
                break
    yield from failed or [Check(name, True, ", ".join(filter(None, details)))]


def failure(name: str, error: MantissaError) -> Check:
    """Return the check that an error is."""
    return Check(name, False, str(error), error.fix or "")


@contextmanager
def reading(action: str, where: str, absent: Mapping[str, Flaw] | None = None) -> Iterator[None]:
    """Put AWS's errors in our words while a part's configuration is read.

    Args:
        action: the IAM action.
        absent: error code of AWS → what it means here.
    """
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        if absent and code in absent:
            raise absent[code] from error
        if code in DENIED:
            # Not `translated`: it takes a denial that speaks of KMS for one of an object's key.
            fix = f"allow {action} on it to whoever runs the check"
            raise AccessDenied(f"access denied: {action}", where=where, fix=fix) from error
        raise translated(error, action, where) from error
    except BotoCoreError as error:
        raise translated(error, action, where) from error
