"""The sweep: raw objects whose notification was lost go to the ingest queue after all."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from mantissa.entrypoints.lambdas.telemetry import DEPLOYED, LOGGER, METRICS, TRACER, count


@LOGGER.inject_lambda_context
@METRICS.log_metrics(capture_cold_start_metric=True)
@TRACER.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> list[dict[str, Any]]:
    """Sweep every raw bucket and return what was found in each."""
    app = DEPLOYED.app()
    swept = [app.sweep.run(bucket) for bucket in app.settings.aws.raw_buckets]
    count(ObjectsMissed=sum(s.sent for s in swept), ObjectsSwept=sum(s.listed for s in swept))
    LOGGER.info("swept", buckets=[asdict(s) for s in swept])
    return [asdict(s) for s in swept]
