"""Messages about raw objects, to rows: a message that fails comes again, the others are done."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities import batch
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from mantissa.entrypoints.lambdas.telemetry import DEPLOYED, LOGGER, METRICS, TRACER, count
from mantissa.errors import StoreError

PROCESSOR = batch.BatchProcessor(batch.EventType.SQS, raise_on_entire_batch_failure=False)
RECEIVES = 5
"""Times a message comes before it goes to the dead-letter queue (`maxReceiveCount`)."""


def take(record: SQSRecord) -> int:
    """Ingest what one message points to, and return how many rows that made."""
    last = int(record.attributes.approximate_receive_count) >= RECEIVES
    numbers = DEPLOYED.app().arrivals.take(record.body, last=last).numbers
    LOGGER.info("taken", extra=numbers)
    count(**numbers)
    return numbers["RowsWritten"]


def wake() -> None:
    """Have detection look at once; where that cannot be said, its schedule looks a little later."""
    try:
        DEPLOYED.app().wake_detection()
    except StoreError as error:
        LOGGER.warning("detection was not woken", code=error.code, reason=error.message)


@METRICS.log_metrics(capture_cold_start_metric=True)
@TRACER.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answer which messages of the batch have to come again."""
    rows: list[int] = []
    response = batch.process_partial_response(
        event, lambda record: rows.append(take(record)), PROCESSOR, context
    )
    if any(rows):
        wake()
    return response
