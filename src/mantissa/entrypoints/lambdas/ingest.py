"""Messages about raw objects, to rows: a message that fails comes again, the others are done."""

from __future__ import annotations

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities import batch

from mantissa.entrypoints.lambdas.telemetry import DEPLOYED, LOGGER, METRICS, TRACER, tell

PROCESSOR = batch.BatchProcessor(batch.EventType.SQS, raise_on_entire_batch_failure=False)


def take(record: Any, rows: list[int]) -> None:
    """Ingest what one message points to; the fifth time is its last (`maxReceiveCount`)."""
    last = int(record.attributes.approximate_receive_count) >= 5
    numbers = DEPLOYED.app().arrivals.take(record.body, last=last).numbers
    tell("taken", numbers)
    rows.append(numbers["RowsWritten"])


@METRICS.log_metrics(capture_cold_start_metric=True)
@TRACER.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: Any) -> Any:
    """Answer which messages of the batch have to come again; new rows wake detection."""
    rows: list[int] = []
    answer = batch.process_partial_response(event, partial(take, rows=rows), PROCESSOR, context)
    DEPLOYED.app().wake_detection(sum(rows), LOGGER.warning)
    return answer
