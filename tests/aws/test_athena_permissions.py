"""The endpoint behind IAM and inside a Lambda: the two ways that it is reached in larger tests."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support import moto_server
from support.athena.server import Endpoint
from support.athena_calls import Caller
from support.emulators import Emulator
from support.event_lake import event_lake
from support.trino import Trino


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A moto server that enforces IAM, seen as its administrator."""
    root = tmp_path_factory.mktemp("judge")
    with moto_server.running(root, env={"INITIAL_NO_AUTH_ACTION_COUNT": "3"}) as moto:
        access, secret = user(moto, "admin", {"Action": "*", "Resource": "*"})
        yield Emulator(moto.port, moto.log, access, secret)


def user(moto: Emulator, name: str, allowed: dict[str, Any]) -> tuple[str, str]:
    """Make a user with one statement, in three calls; returns the key."""
    iam = moto.client("iam")
    iam.create_user(UserName=name)
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **allowed}]}
    iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def test_an_action_without_permission_is_denied_and_not_done(trino: Trino, judge: Emulator) -> None:
    judge.client("s3").create_bucket(Bucket="judged-results")
    actions = ["athena:StartQueryExecution", "athena:GetQueryExecution"]
    allowed = user(judge, "reader", {"Action": actions, "Resource": "*"})
    with Endpoint(trino.url, judge, asks_first=True) as endpoint:

        def caller_with(key: tuple[str, str]) -> Caller:
            session = Emulator(judge.port, judge.log, *key).session()
            client = session.client("athena", endpoint_url=endpoint.url)
            return Caller(client, "default", "s3://judged-results/")

        caller = caller_with(allowed)
        done = caller.run("SELECT 1")
        assert done["Status"]["State"] == "SUCCEEDED", done
        with pytest.raises(ClientError, match="not authorized to perform: athena:GetQueryResults"):
            caller.rows(done["QueryExecutionId"])
        held = len(endpoint.athena.executions)
        other = caller_with(user(judge, "nobody", {"Action": actions[1:], "Resource": "*"}))
        with pytest.raises(ClientError, match="not authorized to perform: athena:StartQuery"):
            other.start("SELECT 1")
        assert len(endpoint.athena.executions) == held


HANDLER = """
import time
import boto3

def handler(event, context):
    athena = boto3.client("athena")
    place = {"OutputLocation": event["output"]}
    database = {"Database": event["database"]}
    id_ = athena.start_query_execution(
        QueryString=event["sql"], QueryExecutionContext=database, ResultConfiguration=place
    )["QueryExecutionId"]
    while True:
        found = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]["Status"]
        if found["State"] not in ("QUEUED", "RUNNING"):
            break
        time.sleep(0.1)
    rows = athena.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]
"""


def test_a_lambda_of_the_emulator_reaches_trino(ministack: Emulator, athena: Endpoint) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("asks.py", HANDLER)
    name, lambdas = f"asks-{uuid.uuid4().hex[:8]}", ministack.client("lambda")
    lambdas.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="asks.handler",
        Code={"ZipFile": code.getvalue()},
        Timeout=60,
        Environment={"Variables": {"AWS_ENDPOINT_URL_ATHENA": athena.url}},
    )
    with event_lake(ministack, "function") as lake:
        event = {
            "sql": "SELECT count(*), max(event_date) FROM events",
            "database": lake.name,
            "output": lake.results,
        }
        reply = lambdas.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        assert json.loads(reply["Payload"].read()) == [["_col0", "_col1"], ["4", "2026-01-02"]]
    lambdas.delete_function(FunctionName=name)
