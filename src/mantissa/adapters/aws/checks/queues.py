"""Queues: there, leading to a dead-letter queue, and nothing lying dead in any."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from mantissa.adapters.aws.checks.buckets import AGAIN
from mantissa.adapters.aws.checks.keys import Keys
from mantissa.adapters.aws.checks.look import Flaw, look, reading
from mantissa.errors import StoreError
from mantissa.model import Check

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

READ = "sqs:GetQueueAttributes"
WAITING = "ApproximateNumberOfMessages"
UNDER_WAY = "ApproximateNumberOfMessagesNotVisible"


class Queues:
    """Looks at queues.

    Args:
        keys: is told of each queue's key.
    """

    def __init__(self, sqs: SQSClient, keys: Keys) -> None:
        self._sqs = sqs
        self._keys = keys

    def arn(self, url: str) -> str:
        """Return a queue's ARN."""
        return self._attributes(url)["QueueArn"]

    def checks(self, url: str) -> Iterator[Check]:
        """Look at a queue and at where its messages end that nobody could work on."""
        name = name_of(url)
        yield from look(f"queue {name}", partial(self._there, url))
        yield from look(f"dead letters of {name}", partial(self._dead_letters, url))

    def failed_calls(self, name: str) -> Iterator[Check]:
        """Look at a queue of calls that could not be made, or that failed for good."""
        return look(f"queue {name}", partial(self._no_failed_call, name))

    def _there(self, url: str) -> str:
        found = self._attributes(url)
        key = self._keys.note(found.get("KmsMasterKeyId"), f"queue {name_of(url)}")
        return f"{found[WAITING]} waiting, {found[UNDER_WAY]} under way, {key}"

    def _dead_letters(self, url: str) -> str:
        policy = json.loads(self._attributes(url).get("RedrivePolicy", "{}"))
        arn = policy.get("deadLetterTargetArn", "")
        if not arn:
            raise Flaw(
                "what keeps failing is lost: it has no dead-letter queue", where=url, fix=AGAIN
            )
        depth = _depth(self._attributes(self._url(arn.rpartition(":")[2])))
        if depth:
            raise Flaw(
                f"{depth} messages failed {policy['maxReceiveCount']} times",
                where=arn.rpartition(":")[2],
                fix=f"mend what the function's log says, then: aws sqs start-message-move-task --source-arn {arn}",
            )
        return f"{arn.rpartition(':')[2]} is empty"

    def _no_failed_call(self, name: str) -> str:
        url = self._url(name)
        depth = _depth(self._attributes(url))
        if depth:
            raise Flaw(
                f"{depth} calls failed for good",
                where=name,
                fix=f"look: aws sqs receive-message --queue-url {url}; the next call does their work, "
                f"so when it is mended: aws sqs purge-queue --queue-url {url}",
            )
        return "empty"

    def _url(self, name: str) -> str:
        with reading("sqs:GetQueueUrl", name):
            return self._sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def _attributes(self, url: str) -> Mapping[str, str]:
        with reading(READ, url):
            answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        found: Mapping[str, str] = {str(k): v for k, v in answer.get("Attributes", {}).items()}
        if WAITING not in found:
            raise StoreError("SQS says nothing of it", where=url)
        return found


def name_of(url: str) -> str:
    """Return the name of a queue."""
    return url.rpartition("/")[2]


def _depth(attributes: Mapping[str, str]) -> int:
    return int(attributes[WAITING]) + int(attributes.get(UNDER_WAY, "0"))
