"""The errors of AWS in the words of our tree, by error code; nothing else knows botocore's.

S3 says "access denied" for a key that does not exist when the caller may not list the bucket, and
when the caller may not use the object's encryption key: only the message tells the latter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from mantissa.errors import (
    AccessDenied,
    ConfigError,
    Conflict,
    KeyDenied,
    MantissaError,
    ObjectNotFound,
    StoreError,
    StoreTransient,
)

NOT_FOUND = frozenset({"NoSuchKey", "NoSuchVersion", "NotFound", "404"})
CONDITION_FAILED = frozenset({"PreconditionFailed", "ConditionalCheckFailedException", "412"})
CONTENDED = frozenset({"ConditionalRequestConflict", "OperationAborted", "409"})
"""S3 could not decide a conditional write because of another one: ask again."""
CONTENDED_ITEMS = frozenset({"TransactionConflictException", "TransactionInProgressException"})
THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "KMS.ThrottlingException",
        "KmsThrottled",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
FAULTS = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
    }
)
NO_PLACE = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)
DENIED = frozenset(
    {"403", "AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden"}
)
KEY = ("KMS.", "Kms", "KMS")
KEY_CODES = frozenset({"DecryptionFailure", "EncryptionFailure"})
CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_FIRST_FAULT_STATUS = 500
_SIGN_IN = "sign in again, or check AWS_PROFILE, AWS_REGION and the clock of this machine"
_UNCONFIGURED = (NoCredentialsError, NoRegionError, PartialCredentialsError, ProfileNotFound)
_BROKEN = (
    ConnectionError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
)
"""What may go well another time; read and connect time-outs are `HTTPClientError`s."""


@contextmanager
def calling(action: str, where: str) -> Iterator[None]:
    """Put AWS's errors in our words.

    Args:
        action: the IAM action, for example `s3:GetObject`.
        where: the resource, as a person would name it.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translated(error, action, where) from error


def translated(error: ClientError | BotoCoreError, action: str, where: str) -> MantissaError:
    """Return an error of AWS in our words."""
    if isinstance(error, ClientError):
        return _refused(error, action, where)
    if isinstance(error, _UNCONFIGURED):
        return ConfigError(str(error), where=where, fix=_SIGN_IN)
    if isinstance(error, _BROKEN):
        return StoreTransient(f"{action}: {error}", where=where, fix="try again")
    return StoreError(f"{action}: {error}", where=where)


def code_of(error: ClientError) -> str:
    """Return AWS's name for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    """Return the HTTP status of the answer."""
    return int(_metadata(error).get("HTTPStatusCode", 0))


def was_retried(error: ClientError) -> bool:
    """Whether the SDK had asked before, so that an earlier request may have taken effect."""
    return int(_metadata(error).get("RetryAttempts", 0)) > 0


def _metadata(error: ClientError) -> Mapping[str, Any]:
    return error.response.get("ResponseMetadata", {})


def _refused(error: ClientError, action: str, where: str) -> MantissaError:
    code = code_of(error)
    if code in NOT_FOUND:
        return ObjectNotFound("no such object", where=where)
    if code in CONDITION_FAILED:
        return Conflict("another writer was first", where=where)
    if _is_transient(error, code):
        return StoreTransient(f"{action}: {code}", where=where, fix="try again")
    if code in CREDENTIALS:
        return ConfigError(f"{action}: {code}", where=where, fix=_SIGN_IN)
    return _denied(error, action, where)


def _is_transient(error: ClientError, code: str) -> bool:
    asked_too_much = code in THROTTLED | FAULTS | CONTENDED | CONTENDED_ITEMS
    return asked_too_much or status_of(error) >= _FIRST_FAULT_STATUS


def _denied(error: ClientError, action: str, where: str) -> MantissaError:
    code, words = code_of(error), str(error.response.get("Error", {}).get("Message", ""))
    if code.startswith(KEY) or code in KEY_CODES or (code in DENIED and "kms:" in words):
        return KeyDenied(
            f"its encryption key may not be used ({code}): {words}",
            where=where,
            fix="enable the key, and allow kms:Decrypt and kms:GenerateDataKey on it to this role",
        )
    if code in DENIED:
        hint = "; without s3:ListBucket an object that is not there looks like this too"
        more = hint if action.startswith("s3:") else ""
        return AccessDenied(
            f"access denied: {action}", where=where, fix=f"allow {action} on it to this role{more}"
        )
    if code in NO_PLACE:
        return StoreError(
            f"there is no such place ({code})",
            where=where,
            fix="check its name and the region, or deploy again",
        )
    if code == "InvalidObjectState":
        fix = "restore it from the archive storage class first"
        return StoreError("the object lies in an archive", where=where, fix=fix)
    return StoreError(f"{action}: {code}: {words}", where=where)
