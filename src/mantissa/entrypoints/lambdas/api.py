"""The HTTP API behind API Gateway: one event, one answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from mantissa.entrypoints.api.application import Api
from mantissa.entrypoints.api.messages import Outcome
from mantissa.entrypoints.api.needs import Product
from mantissa.entrypoints.api.proxy import respond
from mantissa.entrypoints.lambdas.telemetry import DEPLOYED, LOGGER, METRICS, TRACER, count


def told(outcome: Outcome) -> None:
    """Log what became of a request, and count it."""
    LOGGER.info("answered", **asdict(outcome))
    count(Requests=1, RequestsFailed=outcome.status >= 500, RequestsRefused=outcome.is_refused)


@LOGGER.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@METRICS.log_metrics(capture_cold_start_metric=True)
@TRACER.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request; a bug passes through and counts as an error of the function."""
    return respond(Api(lambda: Product.of(DEPLOYED.app()), told), event)
