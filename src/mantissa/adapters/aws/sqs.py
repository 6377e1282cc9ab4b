"""Messages to an SQS queue, in batches where there are many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mantissa.adapters.aws.errors import calling
from mantissa.adapters.aws.pauses import Pause, attempts, wait
from mantissa.errors import StoreError, StoreTransient

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient
    from types_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef

SEND = "sqs:SendMessage"
BATCH_MESSAGES = 10
BATCH_BYTES = 256 * 1024
"""What every queue takes in one request; larger limits are newer and may be set lower."""
TRIES = 6


class SQSQueue:
    """The sending half of one queue.

    Args:
        url: the queue's address, as `GetQueueUrl` gives it.
    """

    def __init__(self, client: SQSClient, url: str, *, pause: Pause = wait) -> None:
        self._client = client
        self._url = url
        self._pause = pause

    def send(self, body: str) -> None:
        """Send one message."""
        with calling(SEND, self._url):
            self._client.send_message(QueueUrl=self._url, MessageBody=body)

    def send_all(self, bodies: Iterable[str]) -> None:
        """Send messages, ten at a time; what SQS could not take of ten is sent again."""
        for batch in _batches(bodies):
            left = dict(enumerate(batch))
            for _ in attempts(TRIES, self._pause):
                left = self._send_batch(left)
                if not left:
                    break
            if left:
                message = f"{len(left)} of {len(batch)} messages were not taken"
                raise StoreTransient(message, where=self._url, fix="try again")

    def _send_batch(self, batch: dict[int, str]) -> dict[int, str]:
        """Send at most ten messages and return those that may be sent again."""
        with calling(SEND, self._url):
            answer = self._client.send_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(n), "MessageBody": body} for n, body in batch.items()],
            )
        failed = answer.get("Failed", [])
        for entry in failed:
            self._require_passing(entry)
        return {int(entry["Id"]): batch[int(entry["Id"])] for entry in failed}

    def _require_passing(self, entry: BatchResultErrorEntryTypeDef) -> None:
        """Raise if it is the message that is wrong, and not the moment."""
        if entry["SenderFault"]:
            raise StoreError(
                f"{SEND}: {entry['Code']}: {entry.get('Message', '')}", where=self._url
            )


def _batches(bodies: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for body in bodies:
        length = len(body.encode())
        if batch and (len(batch) == BATCH_MESSAGES or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += length
    if batch:
        yield batch
