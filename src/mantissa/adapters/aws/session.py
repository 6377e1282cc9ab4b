"""How clients of AWS are made: one session, one configuration, each client when first asked for.

Region, credentials and endpoints come from the SDK's own environment (`AWS_REGION`,
`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_ATHENA`, …): nothing of ours overrides them.
"""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from mantissa.adapters.aws.errors import calling

if TYPE_CHECKING:
    import boto3
    from types_boto3_athena.client import AthenaClient
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_glue.client import GlueClient
    from types_boto3_s3.client import S3Client
    from types_boto3_scheduler.client import EventBridgeSchedulerClient
    from types_boto3_secretsmanager.client import SecretsManagerClient
    from types_boto3_sqs.client import SQSClient
    from types_boto3_sts.client import STSClient

CONNECT_SECONDS = 5
READ_SECONDS = 60
ATTEMPTS = 5
"""Requests that the SDK makes at most for one call: it knows which errors are worth it."""
CONNECTIONS = 32


class Clients:
    """The clients of one account and region; threads may share them."""

    def __init__(self, *, region: str | None = None, profile: str | None = None) -> None:
        self._region = region
        self._profile = profile
        self._lock = threading.RLock()
        self._made: dict[str, Any] = {}

    @cached_property
    def session(self) -> boto3.Session:
        """The session behind every client; for libraries that want one."""
        import boto3

        with calling("sign in", "aws"):
            return boto3.Session(region_name=self._region, profile_name=self._profile)

    @property
    def s3(self) -> S3Client:
        """Objects."""
        return cast("S3Client", self._client("s3"))

    @property
    def dynamodb(self) -> DynamoDBClient:
        """State."""
        return cast("DynamoDBClient", self._client("dynamodb"))

    @property
    def sqs(self) -> SQSClient:
        """Queues."""
        return cast("SQSClient", self._client("sqs"))

    @property
    def secretsmanager(self) -> SecretsManagerClient:
        """Credentials."""
        return cast("SecretsManagerClient", self._client("secretsmanager"))

    @property
    def glue(self) -> GlueClient:
        """The catalogue."""
        return cast("GlueClient", self._client("glue"))

    @property
    def athena(self) -> AthenaClient:
        """Queries."""
        return cast("AthenaClient", self._client("athena"))

    @property
    def scheduler(self) -> EventBridgeSchedulerClient:
        """Schedules."""
        return cast("EventBridgeSchedulerClient", self._client("scheduler"))

    @property
    def kms(self) -> Any:
        """Keys; used by checks only."""
        return self._client("kms")

    @property
    def events(self) -> Any:
        """EventBridge's rules; used by checks only."""
        return self._client("events")

    @property
    def sts(self) -> STSClient:
        """Who we are."""
        return cast("STSClient", self._client("sts"))

    def _client(self, service: str) -> Any:
        # boto3 may not make two clients of one session at the same time.
        with self._lock:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]

    def _make(self, service: str) -> Any:
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=CONNECTIONS,
            user_agent_extra="mantissa-log",
        )
        with calling("sign in", service):
            return self.session.client(service, config=config)  # type: ignore[call-overload]
