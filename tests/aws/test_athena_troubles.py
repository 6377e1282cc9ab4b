"""The trouble that a test can order from the Athena endpoint happens, once each, as ordered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError

from support.athena import refusal, troubles
from support.athena.server import Endpoint
from support.athena.troubles import Fate
from support.athena_calls import Caller, code_of
from support.emulators import Emulator, bare_environ
from support.event_lake import EventLake, event_lake
from support.requirements import ROOT
from support.trino import Trino

ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def lake(ministack: Emulator) -> Iterator[EventLake]:
    with event_lake(ministack, "troubles") as lake:
        yield lake


@pytest.fixture
def caller(athena: Endpoint, lake: EventLake) -> Caller:
    """A caller whose client never tries again."""
    return Caller(athena.client(config=ONCE), lake.name, lake.results)


def answer_of(caller: Caller, sql: str = "SELECT 1", **more: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        caller.start(sql, **more)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_throttling_as_often_as_ordered(caller: Caller, athena: Endpoint) -> None:
    athena.troubles.answer("StartQueryExecution", refusal.TOO_MANY_QUERIES, times=2)
    assert answer_of(caller) == ("TooManyRequestsException", 400)
    with pytest.raises(ClientError) as caught:
        caller.start("SELECT 1")
    assert caught.value.response["Reason"] == "CONCURRENT_QUERY_LIMIT_EXCEEDED"
    assert caller.run("SELECT 1")["Status"]["State"] == "SUCCEEDED"


def test_a_client_that_tries_again_gets_through(
    athena: Endpoint, lake: EventLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = Config(retries={"total_max_attempts": 3, "mode": "standard"})
    caller = Caller(athena.client(config=patient), lake.name, lake.results)
    athena.troubles.answer("StartQueryExecution", refusal.THROTTLED, times=2)
    athena.troubles.answer("GetQueryExecution", refusal.INTERNAL, times=1)
    assert caller.run("SELECT 1")["Status"]["State"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (refusal.INTERNAL, ("InternalServerException", 500)),
        (refusal.ACCESS_DENIED, ("AccessDeniedException", 400)),
        (refusal.EXPIRED, ("ExpiredTokenException", 400)),
    ],
)
def test_other_refusals(
    caller: Caller, athena: Endpoint, answer: refusal.Answer, seen: tuple[str, int]
) -> None:
    athena.troubles.answer("StartQueryExecution", answer, contains="hard")
    assert caller.run("SELECT 'easy'")["Status"]["State"] == "SUCCEEDED"
    before = len(athena.athena.executions)
    assert answer_of(caller, "SELECT 'hard'") == seen
    assert len(athena.athena.executions) == before


def test_an_answer_that_is_lost_leaves_its_query(caller: Caller, athena: Endpoint) -> None:
    token = uuid.uuid4().hex
    before = set(athena.athena.executions)
    athena.troubles.drop("StartQueryExecution")
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        caller.start("SELECT 1", ClientRequestToken=token)
    (began,) = set(athena.athena.executions) - before
    assert caller.start("SELECT 1", ClientRequestToken=token) == began
    athena.troubles.drop("StartQueryExecution", before=True)
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        caller.start("SELECT 1")
    assert set(athena.athena.executions) - before == {began}


def test_a_query_stays_queued_and_running_for_as_many_looks(
    caller: Caller, athena: Endpoint
) -> None:
    athena.troubles.fate(Fate(queued_polls=4))
    id_ = caller.start("SELECT 7")
    assert [caller.get(id_)["Status"]["State"] for _ in range(4)] == ["QUEUED"] * 4
    with pytest.raises(ClientError, match="has not yet finished"):
        athena.troubles.fate(Fate(queued_polls=1))
        caller.rows(caller.start("SELECT 8"))
    assert caller.wait(id_)["Status"]["State"] == "SUCCEEDED"
    assert caller.rows(id_) == [["_col0"], ["7"]]


@pytest.mark.parametrize(
    ("fate", "category", "retryable"),
    [
        (troubles.RESOURCES_EXHAUSTED, 1, True),
        (troubles.INTERNAL_ERROR, 1, True),
        (troubles.METASTORE_ERROR, 1, True),
        (troubles.TIMED_OUT, 1, False),
        (troubles.failed("PERMISSION_DENIED: no", category=2, type_=1006), 2, False),
    ],
)
def test_failures_of_every_kind(
    caller: Caller, athena: Endpoint, fate: Fate, category: int, retryable: bool
) -> None:
    athena.troubles.fate(fate)
    status = caller.run("SELECT 1")["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("FAILED", fate.reason)
    assert status["AthenaError"]["ErrorCategory"] == category
    assert status["AthenaError"]["ErrorType"] == fate.error["ErrorType"]
    assert status["AthenaError"]["Retryable"] is retryable
    assert caller.run("SELECT 1")["Status"]["State"] == "SUCCEEDED"


def test_cancelled_by_another(caller: Caller, athena: Endpoint) -> None:
    athena.troubles.fate(troubles.cancelled("Query cancelled by user"), contains="events")
    assert caller.run("SELECT 1")["Status"]["State"] == "SUCCEEDED"
    status = caller.run("SELECT count(*) FROM events")["Status"]
    assert (status["State"], "AthenaError" in status) == ("CANCELLED", False)


def test_the_limit_of_queries_at_once(caller: Caller, athena: Endpoint) -> None:
    athena.allow_at_once(2)
    athena.troubles.fate(Fate(queued_polls=troubles.HELD), times=2)
    held = [caller.start(f"SELECT {n}") for n in range(2)]
    assert answer_of(caller)[0] == "TooManyRequestsException"
    caller.client.stop_query_execution(QueryExecutionId=held[0])
    assert caller.run("SELECT 3")["Status"]["State"] == "SUCCEEDED"
    caller.client.stop_query_execution(QueryExecutionId=held[1])


def test_order_is_restored_between_tests(caller: Caller, athena: Endpoint) -> None:
    assert athena.athena.concurrent is None
    assert caller.run("SELECT 1")["Status"]["State"] == "SUCCEEDED"


def test_the_endpoint_runs_as_a_process(trino: Trino, ministack: Emulator, lake: EventLake) -> None:
    paths = os.pathsep.join(str(ROOT / folder) for folder in ("tests", "tools"))
    process = subprocess.Popen(
        [sys.executable, "-m", "support.athena", trino.url, str(ministack.port)],
        env=bare_environ(os.environ) | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            client = ministack.session().client("athena", endpoint_url=url, config=ONCE)
            caller = Caller(client, lake.name, lake.results)
            assert caller.answer("SELECT count(*) FROM events") == [["4"]]
            order = (
                b'[{"operation": "StartQueryExecution", "answer": {"code": "Odd", "message": "x"}}]'
            )
            request = urllib.request.Request(f"{url}/_troubles", order, method="POST")
            urllib.request.urlopen(request).close()
            with pytest.raises(ClientError) as caught:
                caller.start("SELECT 1")
            assert code_of(caught.value) == ("Odd", "x")
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
