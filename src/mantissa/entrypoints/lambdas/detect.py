"""A detection run, by the clock or for a commit: files to findings and alerts; delivery is woken."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from mantissa.bootstrap.aws import DETECTION_SECONDS
from mantissa.entrypoints.lambdas.telemetry import DEPLOYED, LOGGER, METRICS, TRACER, count

SPARE_MS = 2 * DETECTION_SECONDS * 1000
"""Time that another round may take; with less than that left, the next schedule goes on."""


@LOGGER.inject_lambda_context
@METRICS.log_metrics(capture_cold_start_metric=True)
@TRACER.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Judge what is pending and return the run's report; a run that is at work judges it instead."""
    app = DEPLOYED.app()
    run = app.detection(go_on=lambda: context.get_remaining_time_in_millis() > SPARE_MS)
    report = run.unless_busy()
    if report.alerts:
        app.alert_queue.send(json.dumps({"run": report.run}))
    count(Findings=report.findings, Alerts=report.alerts, RulesFailed=len(report.failed))
    count(ObjectsPending=report.pending, BytesScanned=report.bytes_scanned)
    LOGGER.info("judged" if report.run else "nothing judged", extra=report.to_json())
    return report.to_json()
