"""Buckets, tables and queues on moto, in this process: what the AWS adapters are tested on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mantissa.adapters.aws.dynamodb import DynamoState
from mantissa.adapters.aws.session import Clients
from support.aws_faults import reach_moto
from support.emulators import ACCESS_KEY, REGION, SECRET_KEY

LAKE = "mantissa-test-lake"
RAW = "mantissa-test-raw"
STATE = "mantissa-test-state"


@contextmanager
def moto_clients() -> Iterator[Clients]:
    """Yield clients of an empty account that lives as long as the block."""
    from moto import mock_aws

    with environ(AWS_ACCESS_KEY_ID=ACCESS_KEY, AWS_SECRET_ACCESS_KEY=SECRET_KEY), mock_aws():
        yield MotoClients(region=REGION)


class MotoClients(Clients):
    """Clients of moto in this process, which may be used from several threads."""

    def _make(self, service: str) -> Any:
        client = super()._make(service)
        reach_moto(client)
        return client


@contextmanager
def environ(**changes: str) -> Iterator[None]:
    """Set variables for the length of a block, with all of the SDK's own taken out."""
    before = {n: v for n, v in os.environ.items() if n in changes or n.startswith("AWS_")}
    for name in before:
        del os.environ[name]
    os.environ.update(changes)
    try:
        yield
    finally:
        for name in changes:
            os.environ.pop(name, None)
        os.environ.update(before)


def make_state(clients: Clients, name: str = STATE, **options: Any) -> DynamoState:
    """Return the state store over a new table, as it is deployed."""
    clients.dynamodb.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return DynamoState(clients.dynamodb, name, **options)


def put_plain(clients: Clients, bucket: str, key: str, data: bytes) -> None:
    """Put an object as a log delivery does: without any checksum of SHA-256."""
    clients.s3.put_object(Bucket=bucket, Key=key, Body=data)


def make_queue(clients: Clients, name: str = "mantissa-test-ingest") -> str:
    """Make a queue and return its address."""
    return str(clients.sqs.create_queue(QueueName=name)["QueueUrl"])


def received(clients: Clients, url: str) -> list[str]:
    """Take every message out of a queue."""
    bodies: list[str] = []
    while found := clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
        "Messages", []
    ):
        for message in found:
            bodies.append(message["Body"])
            clients.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies
