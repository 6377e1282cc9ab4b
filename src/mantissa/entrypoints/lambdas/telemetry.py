"""What every function shares: logs, metrics, traces, and the product between two calls."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

from mantissa.bootstrap.aws import Deployed

LOGGER = Logger()
METRICS = Metrics()
TRACER = Tracer()
DEPLOYED = Deployed()


def count(**numbers: float) -> None:
    """Add to metrics, each by its name."""
    for name, number in numbers.items():
        METRICS.add_metric(name=name, unit=MetricUnit.Count, value=number)


def tell(what: str, numbers: Mapping[str, float]) -> None:
    """Log numbers and add them to metrics, each by its name."""
    LOGGER.info(what, extra=dict(numbers))
    count(**numbers)
