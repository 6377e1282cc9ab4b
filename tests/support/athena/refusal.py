"""How Athena says no: an exception's name, a status and a few fields in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WORKGROUP = "X-Test-Workgroup"
"""Header of a call that goes on to the emulator: the workgroup of the query that it is about."""


@dataclass(frozen=True)
class Answer:
    """An error answer of the API."""

    code: str
    message: str
    status: int = 400
    fields: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The call gets this answer instead of a result."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.message)
        self.answer = answer


def invalid(message: str, code: str = "INVALID_INPUT") -> Refused:
    return Refused(Answer("InvalidRequestException", message, fields={"AthenaErrorCode": code}))


TOO_MANY_QUERIES = Answer(
    "TooManyRequestsException",
    "You have exceeded the limit for the number of queries you can run concurrently. "
    "Please reduce the number of concurrent queries submitted by this account.",
    fields={"Reason": "CONCURRENT_QUERY_LIMIT_EXCEEDED"},
)
THROTTLED = Answer("ThrottlingException", "Rate exceeded")
INTERNAL = Answer("InternalServerException", "Internal error", status=500)
ACCESS_DENIED = Answer(
    "AccessDeniedException", "You are not authorized to perform: athena:StartQueryExecution"
)
EXPIRED = Answer("ExpiredTokenException", "The security token included in the request is expired")
"""What a caller meets in life, for `Troubles.answer`."""
