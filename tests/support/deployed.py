"""The deployed system: the real root module on ministack, Lambdas that run, Athena on real Trino.

    with deployed(folder) as system:
        system.deliver("AWSLogs/…/a.json.gz", data)

The functions are the artefacts of `mantissa package`, built for this machine's interpreter.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx

from support import ministack as ministack_server
from support import moto_server
from support import trino as trino_server
from support.artefacts import build
from support.athena.server import Endpoint
from support.emulators import Emulator
from support.kept import free_port
from support.receiver import Receiver
from support.requirements import ROOT
from support.terraform import MINISTACK_GAPS, Deployment, deployment

T = TypeVar("T")
NAME = "mantissa-sys"
PATIENCE = 180.0
"""Seconds that a test waits for the system before it says what it waited for."""
ROUTING_KEY = "R" * 32

# ministack starts a process for every message and gathers none: each object would start a run.
CONFIG = """\
[detection]
engine = "athena"
immediate = false

[alerts]
tenant = "system-test"

[[destinations]]
name = "slack"
type = "slack"
secret = "slack-webhook"
options = {{ allow_networks = ["127.0.0.0/8"] }}

[[destinations]]
name = "pagerduty"
type = "pagerduty"
secret = "pagerduty-api-key"
url = "{url}/v2/enqueue"
options = {{ allow_networks = ["127.0.0.0/8"] }}

[[routes]]
destinations = ["slack", "pagerduty"]
min_level = "medium"
"""


@dataclass
class System:
    """A running deployment and the world around it."""

    emulator: Emulator
    endpoint: Endpoint
    receiver: Receiver
    terraform: Deployment

    @cached_property
    def outputs(self) -> dict[str, Any]:
        return self.terraform.outputs()

    def client(self, service: str) -> Any:
        """Return a client of the emulator, or of the endpoint for Athena."""
        return self.endpoint.client() if service == "athena" else self.emulator.client(service)

    def deliver(self, key: str, data: bytes) -> None:
        """Put an object where customers' logs land."""
        self.client("s3").put_object(Bucket=self.outputs["buckets"]["raw"], Key=key, Body=data)

    def call(self, function: str, event: Mapping[str, Any] | None = None) -> Any:
        """Call a function as its schedule does and return its answer."""
        answer = self.client("lambda").invoke(
            FunctionName=f"{NAME}-{function}", Qualifier="live", Payload=json.dumps(event or {})
        )
        payload = json.loads(answer["Payload"].read() or b"null")
        assert "FunctionError" not in answer, (function, payload)
        return payload

    def records(self, table: str) -> list[dict[str, Any]]:
        """Return a state table's records, as the product's own adapter reads them."""
        from mantissa.adapters.aws.dynamodb import DynamoState

        state = DynamoState(self.client("dynamodb"), self.outputs["state_table"])
        return [{"key": item.key, **item.value} for item in state.query(table)]

    def until(self, what: str, look: Callable[[], T], seconds: float = PATIENCE) -> T:
        """Look until there is something, and return it."""
        end = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}\n{self.logs()}"
            time.sleep(0.5)
        return found

    def depth(self, queue: str) -> int:
        """Return how many messages a queue holds, those under way included."""
        urls = self.outputs["queue_urls"] | {
            f"{n}-dlq": u for n, u in self.outputs["dlq_urls"].items()
        }
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        told = self.client("sqs").get_queue_attributes(QueueUrl=urls[queue], AttributeNames=names)
        return sum(int(told["Attributes"][name]) for name in names)

    def token(self, group: str) -> str:
        """Make a person in a group of the user pool, sign in, and return the access token."""
        cognito, pool = self.client("cognito-idp"), self.outputs["user_pool_id"]
        who = {"UserPoolId": pool, "Username": f"{group}@example.org"}
        password = "Correct-Horse-7-Battery"
        cognito.admin_create_user(
            **who, MessageAction="SUPPRESS", TemporaryPassword=f"{password}-once"
        )
        cognito.admin_set_user_password(**who, Password=password, Permanent=True)
        cognito.admin_add_user_to_group(**who, GroupName=group)
        signed_in = cognito.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=self.outputs["user_pool_client_id"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": who["Username"], "PASSWORD": password},
        )
        return str(signed_in["AuthenticationResult"]["AccessToken"])

    def request(
        self, method: str, path: str, *, token: str = "", body: Any = None
    ) -> tuple[int, Any]:
        """Ask the API over HTTP; return the status and the JSON that came back."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        with httpx.Client(timeout=120) as client:
            answer = client.request(method, self.api_url + path, headers=headers, json=body)
        return answer.status_code, answer.json()

    @cached_property
    def api_url(self) -> str:
        """The stage's address on the emulator, made of the one that AWS would have."""
        host, _, stage = self.outputs["api_url"].removeprefix("https://").partition("/")
        api = host.partition(".")[0]
        return f"{self.emulator.url}/restapis/{api}/{stage.strip('/')}/_user_request_"

    def logs(self, lines: int = 40) -> str:
        """Return the last lines that the functions logged, for whoever reads a failure."""
        logs = self.client("logs")
        said = []
        for function in ("ingest", "detect", "alert", "api", "sweep"):
            group = f"/aws/lambda/{NAME}-{function}"
            try:
                found = logs.filter_log_events(logGroupName=group)["events"]
            except logs.exceptions.ResourceNotFoundException:
                continue
            said += [f"{function}: {e['message'].rstrip()[:2000]}" for e in found[-lines:]]
        return "\n".join(said)


@contextmanager
def deployed(folder: Path, variables: Mapping[str, Any] | None = None) -> Iterator[System]:
    """Build, start and apply everything; yield it running; take it away."""
    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver())
        athena_port = free_port()
        environ = {"AWS_ENDPOINT_URL_ATHENA": f"http://127.0.0.1:{athena_port}"}
        emulator = stack.enter_context(
            ministack_server.running(folder / "servers", "system", environ)
        )
        trino = stack.enter_context(trino_server.running(folder / "servers", emulator))
        endpoint = stack.enter_context(Endpoint(trino.url, emulator, port=athena_port))
        config = folder / "mantissa.toml"
        config.write_text(CONFIG.format(url=receiver.url), encoding="utf-8")
        build(ROOT, folder / "zips")
        settings = {
            "environment": "sys",
            "config_file": str(config),
            "slack_webhook_url": receiver.slack_url,
            "pagerduty_api_key": ROUTING_KEY,
            "package_command": "true",
            "artefact_directory": str(folder / "zips"),
            "lambda_architecture": "x86_64",
            "force_destroy": True,
            "deletion_protection": False,
            "secret_recovery_days": 0,
            "auth": {"mfa": "OPTIONAL", "flows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]},
            **(variables or {}),
        }
        gaps = stack.enter_context(moto_server.running(folder / "servers"))
        filled = dict.fromkeys(MINISTACK_GAPS, gaps)
        applied = deployment(folder / "terraform", emulator, settings, **filled)
        applied.apply()
        yield System(emulator, endpoint, receiver, applied)
