"""Delivery: sends what the outbox owes, woken by a detection run or by the clock."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from mantissa.entrypoints.lambdas.telemetry import DEPLOYED, LOGGER, METRICS, TRACER, count

SPARE_MS = 60_000
"""Time that another round of messages may take."""


@LOGGER.inject_lambda_context
@METRICS.log_metrics(capture_cold_start_metric=True)
@TRACER.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Send until nothing is due; what failed for the moment stays owed."""
    delivery, sent, report = DEPLOYED.app().delivery, 0, None
    while report is None or (report.sent and context.get_remaining_time_in_millis() > SPARE_MS):
        report = delivery.run_due()
        sent += report.sent
        count(MessagesSent=report.sent, MessagesFailed=report.retry, MessagesDead=report.dead)
    count(MessagesWaiting=report.waiting)
    LOGGER.info("delivered", sent=sent, waiting=report.waiting, by=report.by_destination)
    return {"sent": sent, "waiting": report.waiting}
