"""Queues and credentials in AWS on a bad day (F-18), and what their errors tell people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mantissa.adapters.aws.secrets import SecretsManager
from mantissa.adapters.aws.session import ATTEMPTS, Clients
from mantissa.adapters.aws.sqs import TRIES, SQSQueue
from mantissa.adapters.memory import ManualClock
from mantissa.errors import AccessDenied, ConfigError, KeyDenied, StoreError, StoreTransient
from support.aws_faults import Fault, Network, answered, lost, never, refused, unheard
from support.aws_faults import no_waiting as no_waiting
from support.aws_stores import make_queue, moto_clients, received

pytestmark = pytest.mark.usefixtures("no_waiting")
CANARY = "canary-7319"
NAME = "mantissa-log/slack-webhook"


@pytest.fixture
def clients() -> Iterator[Clients]:
    with moto_clients() as clients:
        yield clients


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2024, 5, 1, tzinfo=UTC))


@pytest.fixture
def store(clients: Clients, clock: ManualClock) -> SecretsManager:
    clients.secretsmanager.create_secret(Name=NAME, SecretString="one")
    return SecretsManager(clients.secretsmanager, "mantissa-log/", clock)


def change(clients: Clients, value: str) -> None:
    clients.secretsmanager.put_secret_value(SecretId=NAME, SecretString=value)


def test_a_value_is_used_for_five_minutes_unless_a_fresh_one_is_asked_for(
    store: SecretsManager, clients: Clients, clock: ManualClock
) -> None:
    assert store.get("slack-webhook").value == "one"
    change(clients, "two")
    clock.advance(299)
    assert store.get("slack-webhook").value == "one"
    assert store.get("slack-webhook", fresh=True).value == "two"
    change(clients, "three")
    assert store.get("slack-webhook").value == "two"
    clock.advance(300)
    assert store.get("slack-webhook").value == "three"
    change(clients, "four")
    clock.advance(-9999)
    assert store.get("slack-webhook").value == "four"


def test_a_secret_has_its_name_its_whole_name_or_its_arn(
    store: SecretsManager, clients: Clients
) -> None:
    arn = clients.secretsmanager.describe_secret(SecretId=NAME)["ARN"]
    assert {store.get(n).value for n in ("slack-webhook", NAME, arn)} == {"one"}


def test_a_rotation_that_is_under_way_does_not_show(
    store: SecretsManager, clients: Clients
) -> None:
    clients.secretsmanager.put_secret_value(
        SecretId=NAME, SecretString="pending", VersionStages=["AWSPENDING"]
    )
    assert store.get("slack-webhook").value == "one"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("https://hooks", "https://hooks"),
        ("  padded\n", "padded"),
        ('{"url": "https://hooks"}', "https://hooks"),
        ('{"routing_key": "abc"}', "abc"),
        ('{"user": "x", "token": "abc", "n": 1}', "abc"),
        ('"quoted"', '"quoted"'),
    ],
)
def test_text_and_json_both_hold_a_credential(
    store: SecretsManager, clients: Clients, text: str, value: str
) -> None:
    change(clients, text)
    assert store.get("slack-webhook").value == value


@pytest.mark.parametrize("text", [f'{{"{CANARY}', f'{{"a": "{CANARY}", "b": "x"}}', "{}", " "])
def test_what_holds_no_credential_is_told_and_never_quoted(
    store: SecretsManager, clients: Clients, text: str
) -> None:
    change(clients, text)
    with pytest.raises(ConfigError, match=NAME) as caught:
        store.get("slack-webhook")
    error = caught.value
    assert error.fix
    assert CANARY not in f"{error} {error.fix} {error.__cause__}"
    assert error.__suppress_context__ or error.__context__ is None


def test_a_secret_that_is_not_there_or_going_names_what_to_do(
    store: SecretsManager, clients: Clients
) -> None:
    with pytest.raises(ConfigError, match="no secret 'mantissa-log/nowhere'") as caught:
        store.get("nowhere")
    assert "put-secret-value --secret-id mantissa-log/nowhere" in str(caught.value.fix)
    clients.secretsmanager.delete_secret(SecretId=NAME)
    with pytest.raises(ConfigError, match=r"being deleted|no secret"):
        store.get("slack-webhook")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (refused(400, "AccessDeniedException", kind="json"), ConfigError),
        (refused(400, "DecryptionFailure", kind="json"), ConfigError),
        (refused(400, "InvalidRequestException", kind="json"), ConfigError),
        (refused(400, "ThrottlingException", kind="json"), StoreTransient),
        (refused(500, "InternalServiceError", kind="json"), StoreTransient),
        (unheard, StoreTransient),
    ],
)
def test_each_refusal_is_an_error_that_names_the_secret(
    store: SecretsManager, clients: Clients, fault: Fault, error: type[StoreError]
) -> None:
    Network(clients.secretsmanager).add("GetSecretValue", *[fault] * ATTEMPTS)
    with pytest.raises(error) as caught:
        store.get("slack-webhook")
    assert type(caught.value) is error
    assert NAME in str(caught.value)


# Queues


def batch(*failed: tuple[str, str, bool]) -> Fault:
    """SQS's answer when it took none of these."""
    entries = [{"Id": i, "Code": code, "SenderFault": fault} for i, code, fault in failed]
    return answered(200, json.dumps({"Successful": [], "Failed": entries}))


@pytest.fixture
def url(clients: Clients) -> str:
    return make_queue(clients)


def test_what_sqs_could_not_take_of_a_batch_is_sent_again(clients: Clients, url: str) -> None:
    network = Network(clients.sqs)
    network.add("SendMessageBatch", batch(("1", "InternalError", False), ("2", "x", False)))
    SQSQueue(clients.sqs, url, pause=never).send_all(["a", "b", "c"])
    assert sorted(received(clients, url)) == ["b", "c"]
    assert network.count("SendMessageBatch") == 2


def test_what_sqs_never_takes_is_an_error(clients: Clients, url: str) -> None:
    queue = SQSQueue(clients.sqs, url, pause=never)
    network = Network(clients.sqs)
    network.add("SendMessageBatch", *[batch(("0", "InternalError", False))] * TRIES)
    with pytest.raises(StoreTransient, match="1 of 1 messages"):
        queue.send_all(["a"])
    network.add("SendMessageBatch", batch(("0", "InvalidMessageContents", True)))
    with pytest.raises(StoreError, match="InvalidMessageContents") as caught:
        queue.send_all(["a"])
    assert type(caught.value) is StoreError


def test_a_message_whose_answer_was_lost_arrives_at_least_once(clients: Clients, url: str) -> None:
    Network(clients.sqs).add("SendMessage", lost)
    SQSQueue(clients.sqs, url).send("a")
    assert set(received(clients, url)) == {"a"}


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AccessDenied", AccessDenied),
        ("KmsAccessDenied", KeyDenied),
        ("KMS.AccessDeniedException", KeyDenied),
        ("KmsThrottled", StoreTransient),
        ("QueueDoesNotExist", StoreError),
    ],
)
def test_each_refusal_of_a_queue_is_told_apart(
    clients: Clients, url: str, code: str, error: type[StoreError]
) -> None:
    Network(clients.sqs).add("SendMessage", *[refused(400, code, kind="json")] * ATTEMPTS)
    with pytest.raises(error) as caught:
        SQSQueue(clients.sqs, url).send("a")
    assert type(caught.value) is error
    assert caught.value.where == url
