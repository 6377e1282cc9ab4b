"""What a deployed lake costs in a month: quantities of `cost_case.py` times a table of prices.

An estimate to decide by, not a bill: list prices, no free tier, nothing that is not listed here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from mantissa.errors import ConfigError
from mantissa.lake.cost_case import MONTH, Case

GETS, PUTS = 1000.0, 1000.0
MILLION = 1e6
HOUR = 3600.0
POLLERS = 5
"""Long polls that Lambda keeps open at an idle queue (AWS, "Using Lambda with Amazon SQS")."""
QUEUES = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is paid for.

    Args:
        price: its name in the table of prices.
        quantity: how many of the price's units a month takes.
        driver: what makes it more or less.
    """

    service: str
    name: str
    price: str
    quantity: Callable[[Case], float]
    driver: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an estimate; `monthly` in US dollars."""

    service: str
    name: str
    quantity: float
    unit: str
    price: float
    monthly: float
    driver: str


@dataclass(frozen=True, slots=True)
class Price:
    """A list price in US dollars per unit."""

    usd: float
    unit: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a month costs, line by line."""

    case: Case
    lines: tuple[Line, ...]

    @property
    def total(self) -> float:
        """US dollars a month."""
        return sum(line.monthly for line in self.lines)

    @property
    def services(self) -> dict[str, float]:
        """US dollars a month by service, in the order of the lines."""
        groups = groupby(self.lines, key=lambda line: line.service)
        return {name: sum(line.monthly for line in lines) for name, lines in groups}

    @property
    def ways(self) -> dict[str, float]:
        """US dollars a month of detection either way: the clock and Athena, or at once and embedded.

        The estimate's lines are those of the first.
        """
        seconds = next(x.price for x in self.lines if (x.service, x.name) == ("Lambda", "detect"))
        own = {("Lambda", "detect"), ("Athena", "detection")}
        athena = sum(line.monthly for line in self.lines if (line.service, line.name) in own)
        embedded = MONTH * self.case.embedded_seconds * self.case.assumed.detect_gb * seconds
        return {"athena": athena, "duckdb": embedded}

    def to_json(self) -> dict[str, Any]:
        """Return the command's JSON."""
        total = self.total
        return {
            "volumes": asdict(self.case.volumes),
            "monthly_usd": round(total, 2),
            "services": {name: round(usd, 2) for name, usd in self.services.items()},
            "lines": [
                {**asdict(line), "share": line.monthly / total if total else 0.0}
                for line in self.lines
            ],
            "detection": {name: round(usd, 2) for name, usd in self.ways.items()},
            "assumptions": self.case.assumed.to_json(),
            "not_counted": list(NOT_COUNTED),
        }


def estimate(case: Case, prices: Mapping[str, Price]) -> Estimate:
    """Price a month. Raises `ConfigError` naming a price that the table lacks."""
    missing = sorted({item.price for item in ITEMS} - prices.keys())
    if missing:
        raise ConfigError(f"the table of prices lacks {', '.join(missing)}")
    return Estimate(case, tuple(_line(item, case, prices[item.price]) for item in ITEMS))


def _line(item: Item, case: Case, price: Price) -> Line:
    quantity = item.quantity(case)
    return Line(
        service=item.service,
        name=item.name,
        quantity=quantity,
        unit=price.unit,
        price=price.usd,
        monthly=quantity * price.usd,
        driver=item.driver,
    )


def _ingest_puts(case: Case) -> float:
    return MONTH * case.objects * (1 + case.assumed.puts) / PUTS


def _reads(case: Case) -> float:
    return MONTH * (case.objects * 1 + case.athena_gets) / GETS


def _moved(case: Case) -> float:
    """Return the thousands of objects that move to Infrequent Access in a month."""
    return MONTH * case.objects / 1000 if case.stored[1] else 0.0


def _polls(case: Case) -> float:
    return MONTH * 24 * HOUR / case.assumed.poll_seconds * POLLERS * QUEUES


def _writes(case: Case) -> float:
    given = case.assumed
    per_object = case.objects * (given.writes + given.sighting)
    return MONTH * (per_object + given.runs * 4 + case.volumes.alerts_per_day * 20)


def _state_reads(case: Case) -> float:
    given = case.assumed
    per_object = case.objects * (given.reads + given.sighting)
    queries = case.volumes.queries_per_day * 20
    return MONTH * (per_object + queries + given.runs * 10 + given.wakes * 2)


def _state_gb(case: Case) -> float:
    return case.objects * case.volumes.retention_days * case.assumed.ledger_kb * 1000 / 1e9


def _detect_seconds(case: Case) -> float:
    return case.assumed.runs * 2 + case.detection_queries * case.assumed.query_seconds


def _calls(case: Case) -> float:
    """Return the calls of all functions in a day."""
    given, volumes = case.assumed, case.volumes
    people = volumes.queries_per_day * given.user_calls
    woken = given.wakes + min(volumes.alerts_per_day, given.runs)
    return case.ingest_calls + given.runs + woken + given.sweeps + people


def _requests(case: Case) -> float:
    return MONTH * case.volumes.queries_per_day * case.assumed.user_calls


def _small_seconds(case: Case) -> float:
    given, volumes = case.assumed, case.volumes
    return given.wakes * 0.3 + volumes.alerts_per_day * 1 + given.sweeps * 20


def _log_gb(case: Case) -> float:
    return MONTH * (case.objects + _calls(case)) * case.assumed.log_kb * 1000 / 1e9


def _kms_requests(case: Case) -> float:
    s3 = _ingest_puts(case) * PUTS + _reads(case) * GETS
    return s3 * case.assumed.kms_share + MONTH * case.assumed.runs


ITEMS: tuple[Item, ...] = (
    Item("S3", "storage, Standard", "s3_standard_gb", lambda c: c.stored[0], "GB a day, retention"),
    Item(
        "S3",
        "storage, Infrequent Access",
        "s3_ia_gb",
        lambda c: c.stored[1],
        "retention; small objects stay in Standard",
    ),
    Item(
        "S3",
        "writes and lists",
        "s3_put_1k",
        _ingest_puts,
        "number of objects: larger ones are cheaper",
    ),
    Item("S3", "reads", "s3_get_1k", _reads, "objects in the days that queries touch"),
    Item("S3", "moves to Infrequent Access", "s3_transition_1k", _moved, "number of objects"),
    Item(
        "SQS",
        "requests per object",
        "sqs_million",
        lambda c: MONTH * c.objects * 3 / MILLION,
        "number of objects",
    ),
    Item("SQS", "long polls of idle queues", "sqs_million", lambda c: _polls(c) / MILLION, "fixed"),
    Item(
        "Lambda",
        "ingest",
        "lambda_gb_second",
        lambda c: MONTH * c.ingest_seconds * c.assumed.ingest_gb,
        "GB a day, number of objects, memory",
    ),
    Item(
        "Lambda",
        "detect",
        "lambda_gb_second",
        lambda c: MONTH * _detect_seconds(c) * c.assumed.detect_gb,
        "tables with new rows, rules",
    ),
    Item(
        "Lambda",
        "api",
        "lambda_gb_second",
        lambda c: _requests(c) * 0.5 * c.assumed.small_gb,
        "queries of people",
    ),
    Item(
        "Lambda",
        "alert and sweep",
        "lambda_gb_second",
        lambda c: MONTH * _small_seconds(c) * c.assumed.tiny_gb,
        "fixed, alerts",
    ),
    Item(
        "Lambda",
        "requests",
        "lambda_million",
        lambda c: MONTH * _calls(c) / MILLION,
        "number of objects",
    ),
    Item(
        "Athena",
        "detection",
        "athena_tb",
        lambda c: MONTH * c.detection_tb,
        "tables with new rows in a run: 10 MB each at least; rules beyond 400 a table",
    ),
    Item(
        "Athena",
        "queries of people",
        "athena_tb",
        lambda c: MONTH * c.query_tb,
        "queries, days and columns they touch; stopped at the workgroup's cut-off",
    ),
    Item(
        "DynamoDB",
        "writes",
        "dynamodb_write_million",
        lambda c: _writes(c) / MILLION,
        "number of objects",
    ),
    Item(
        "DynamoDB",
        "reads",
        "dynamodb_read_million",
        lambda c: _state_reads(c) / MILLION,
        "number of objects",
    ),
    Item(
        "DynamoDB",
        "storage",
        "dynamodb_gb",
        _state_gb,
        "objects since the beginning; shown for the retention",
    ),
    Item("DynamoDB", "point-in-time recovery", "dynamodb_pitr_gb", _state_gb, "the same"),
    Item("API", "requests", "api_million", lambda c: _requests(c) / MILLION, "queries of people"),
    Item("API", "web ACLs", "waf_acl", lambda c: c.assumed.acls, "fixed; the UI's can be left out"),
    Item(
        "API",
        "rules of web ACLs",
        "waf_rule",
        lambda c: c.assumed.acls * c.assumed.acl_rules,
        "fixed",
    ),
    Item(
        "API",
        "requests seen by web ACLs",
        "waf_million",
        lambda c: _requests(c) / MILLION,
        "queries of people",
    ),
    Item(
        "KMS",
        "keys",
        "kms_key",
        lambda c: c.assumed.keys,
        "fixed; rotated keys cost more each year",
    ),
    Item("KMS", "requests", "kms_10k", lambda c: _kms_requests(c) / 1e4, "S3 requests"),
    Item("Secrets Manager", "secrets", "secret", lambda c: c.assumed.secrets, "destinations"),
    Item("CloudWatch", "logs", "logs_gb", _log_gb, "objects and calls; log level"),
    Item("CloudWatch", "metrics", "metric", lambda c: c.assumed.metrics, "fixed"),
    Item("CloudWatch", "alarms", "alarm", lambda c: c.assumed.alarms, "fixed"),
    Item("CloudWatch", "dashboard", "dashboard", lambda c: 1, "fixed"),
    Item(
        "CloudWatch",
        "traces",
        "trace_million",
        lambda c: MONTH * _calls(c) * c.assumed.trace_share / MILLION,
        "calls",
    ),
    Item(
        "Scheduler",
        "invocations",
        "scheduler_million",
        lambda c: MONTH * (c.assumed.runs + c.assumed.wakes + c.assumed.sweeps) / MILLION,
        "fixed",
    ),
)
"""To add something that is paid for: one row here, its price in every table of prices."""

NOT_COUNTED = (
    "the free tier",
    "what delivers the logs (CloudTrail's data events, VPC flow logs, GuardDuty)",
    "traffic out of AWS",
    "Glue: a million objects and a million requests a month are free",
    "Cognito, CloudFront, Route 53",
    "the optional network (interface endpoints cost by the hour), replication and backups",
    "old versions of objects, until their lifecycle ends",
    "a language model",
)
