"""DynamoDB as it is on a bad day: throttles, contended transactions, lost answers (F-11)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest
from botocore.awsrequest import AWSResponse

from mantissa.adapters.aws.dynamodb import SHARDS, TRIES, DynamoState
from mantissa.adapters.aws.session import ATTEMPTS, Clients
from mantissa.errors import AccessDenied, Conflict, StoreError, StoreTransient
from mantissa.ports import Delete, Put
from support.aws_faults import (
    Fault,
    Forward,
    Network,
    answered,
    lost,
    never,
    refused,
    through,
    unheard,
)
from support.aws_faults import no_waiting as no_waiting
from support.aws_stores import STATE, make_state, moto_clients

pytestmark = pytest.mark.usefixtures("no_waiting")
REMEMBERED = answered(200, "{}")
"""DynamoDB's answer to a token that it has carried out; moto forgets tokens."""
CONTENDED = refused(400, "TransactionConflictException", kind="json")


@pytest.fixture
def clients() -> Iterator[Clients]:
    with moto_clients() as clients:
        yield clients


@pytest.fixture
def state(clients: Clients) -> DynamoState:
    return make_state(clients, pause=never)


@pytest.fixture
def network(clients: Clients, state: DynamoState) -> Network:
    return Network(clients.dynamodb)


def canceled(*codes: str) -> Fault:
    """A transaction that was refused, with a reason for each write."""
    reasons = [{"Code": code, "Message": "injected"} for code in codes]
    body = {"__type": "com.amazonaws#TransactionCanceledException", "CancellationReasons": reasons}
    return answered(400, json.dumps(body))


def test_a_put_whose_answer_was_lost_is_known_as_ours(state: DynamoState, network: Network) -> None:
    network.add("PutItem", lost)
    state.put(Put("t", "k", {"n": 1}, None))
    assert network.count("PutItem") == 2
    assert state.get("t", "k").version == 1  # type: ignore[union-attr]


def test_a_put_whose_answer_never_came_is_looked_up(state: DynamoState, network: Network) -> None:
    network.add("PutItem", *[unheard] * (ATTEMPTS - 1), lost)
    state.put(Put("t", "k", {"n": 1}, None))
    assert state.get("t", "k").value == {"n": 1}  # type: ignore[union-attr]


def test_a_put_that_never_got_through_is_transient(state: DynamoState, network: Network) -> None:
    state.put(Put("t", "k", {"n": 1}, None))
    network.add("PutItem", *[unheard] * ATTEMPTS)
    with pytest.raises(StoreTransient):
        state.put(Put("t", "k", {"n": 2}, 1))
    state.put(Put("t", "k", {"n": 2}, 1))


def test_a_put_that_never_got_through_and_was_overtaken_is_a_conflict(
    state: DynamoState, network: Network
) -> None:
    def overtaken(_: Forward) -> AWSResponse:
        DynamoState(_other(), STATE).put(Put("t", "k", {"n": "theirs"}, None))
        return unheard(_)

    network.add("PutItem", *[unheard] * (ATTEMPTS - 1), overtaken)
    with pytest.raises(Conflict, match="t/k"):
        state.put(Put("t", "k", {"n": "ours"}, None))
    assert state.get("t", "k").value == {"n": "theirs"}  # type: ignore[union-attr]


def test_a_put_that_was_heard_twice_and_lost_is_not_taken_for_ours(
    state: DynamoState, network: Network
) -> None:
    state.put(Put("t", "k", {"n": "theirs"}, None))
    network.add("PutItem", unheard)
    with pytest.raises(Conflict):
        state.put(Put("t", "k", {"n": "ours"}, None))


def test_a_transaction_whose_answer_was_lost_is_done_once(
    state: DynamoState, network: Network
) -> None:
    writes = [Put("t", "a", {}, None), Put("t", "b", {}, None)]
    network.add("TransactWriteItems", lost, REMEMBERED)
    state.transact(writes)
    asked = [json.loads(r.body) for r in network.sent]
    tokens = {body["ClientRequestToken"] for body in asked if "TransactItems" in body}
    assert (network.count("TransactWriteItems"), len(tokens)) == (2, 1)
    assert [(i.key, i.version) for i in state.query("t")] == [("a", 1), ("b", 1)]


def test_deleting_alone_is_a_transaction_so_that_a_lost_answer_is_no_conflict(
    state: DynamoState, network: Network
) -> None:
    state.put(Put("t", "a", {}, None))
    network.add("TransactWriteItems", lost, REMEMBERED)
    state.transact([Delete("t", "a", 1)])
    assert state.get("t", "a") is None


@pytest.mark.parametrize(
    "fault",
    [
        canceled("None", "TransactionConflict"),
        canceled("ThrottlingError", "None"),
        canceled("ProvisionedThroughputExceeded", "None"),
        refused(400, "TransactionInProgressException", kind="json"),
        refused(400, "ThrottlingException", kind="json"),
    ],
)
def test_a_contended_transaction_is_asked_again(
    state: DynamoState, network: Network, fault: Fault
) -> None:
    network.add("TransactWriteItems", fault, fault)
    state.transact([Put("t", "a", {}, None), Put("t", "b", {}, None)])
    assert network.count("TransactWriteItems") == 3
    network.add("TransactWriteItems", *[fault] * (TRIES * ATTEMPTS))
    with pytest.raises(StoreTransient):
        state.transact([Put("t", "c", {}, None), Put("t", "d", {}, None)])


def test_a_transaction_that_lost_one_condition_names_the_record(
    state: DynamoState, network: Network
) -> None:
    network.add("TransactWriteItems", canceled("TransactionConflict", "ConditionalCheckFailed"))
    with pytest.raises(Conflict, match="t/b"):
        state.transact([Put("t", "a", {}, None), Put("t", "b", {}, None)])
    assert network.count("TransactWriteItems") == 1


def test_a_transaction_that_can_never_be_is_an_error(state: DynamoState, network: Network) -> None:
    network.add("TransactWriteItems", canceled("None", "ValidationError"))
    with pytest.raises(StoreError, match="ValidationError") as caught:
        state.transact([Put("t", "a", {}, None), Put("t", "b", {}, None)])
    assert type(caught.value) is StoreError
    assert caught.value.where == f"dynamodb://{STATE}/t/b"


def test_a_put_beside_a_transaction_is_asked_again(state: DynamoState, network: Network) -> None:
    network.add("PutItem", CONTENDED, CONTENDED)
    state.put(Put("t", "k", {}, None))
    network.add("PutItem", *[CONTENDED] * TRIES)
    with pytest.raises(StoreTransient, match="busy"):
        state.put(Put("t", "k", {}, 1))


@pytest.mark.parametrize("operation", ["GetItem", "Query"])
def test_a_throttled_read_is_transient_and_never_empty(
    state: DynamoState, network: Network, operation: str
) -> None:
    state.put(Put("t", "k", {}, None))
    throttled = refused(400, "ProvisionedThroughputExceededException", kind="json")
    network.add(operation, *[throttled] * ATTEMPTS)
    with pytest.raises(StoreTransient, match="ProvisionedThroughput"):
        _ = state.get("t", "k") if operation == "GetItem" else list(state.query("t"))
    network.add(operation, throttled, through)
    assert state.get("t", "k") if operation == "GetItem" else list(state.query("t"))


def test_every_read_is_consistent(state: DynamoState, network: Network) -> None:
    state.get("ledger", "a" * 64)
    list(state.query("ledger"))
    reads = [json.loads(r.body) for r in network.sent]
    assert len(reads) == 1 + SHARDS
    assert all(read["ConsistentRead"] is True for read in reads)


def test_records_of_one_object_are_asked_of_one_shard(state: DynamoState, network: Network) -> None:
    for table in ("ledger", "pending", "released", "alerts", "outbox", "deliveries"):
        state.put(Put(table, "0123456789abcdef/x", {}, None))
        before = network.count("Query")
        assert len(list(state.query(table, "01234567"))) == 1
        assert network.count("Query") == before + 1
        assert len(list(state.query(table, "0123"))) == 1


def test_the_shards_never_move(state: DynamoState, clients: Clients) -> None:
    """A change here would lose every record there is."""
    places = {
        ("ledger", "0" * 64): "ledger#03",
        ("ledger", "0" * 32 + "f" * 32): "ledger#03",
        ("seen", "bucket/a"): "seen#05",
        ("seen", "bucket/b"): "seen#15",
        ("partitions", "okta/2026-01-01/a"): "partitions#11",
        ("runs", "r"): "runs",
    }
    for (table, key), pk in places.items():
        state.put(Put(table, key, {}, None))
        found = clients.dynamodb.get_item(TableName=STATE, Key={"pk": {"S": pk}, "sk": {"S": key}})
        assert "Item" in found, (table, key)


def test_a_record_is_text_or_compressed_and_never_over_the_limit(
    state: DynamoState, clients: Clients
) -> None:
    state.put(Put("t", "short", {"n": 1}, None))
    state.put(Put("t", "long", {"n": "repeated " * 60_000}, None))
    items = {i["sk"]["S"]: i for i in clients.dynamodb.scan(TableName=STATE)["Items"]}
    assert items["short"]["value"] == {"S": '{"n":1}'}
    assert len(items["long"]["value"]["B"]) < 1000  # type: ignore[arg-type]
    assert state.get("t", "long").value == {"n": "repeated " * 60_000}  # type: ignore[union-attr]
    noise = "".join(hashlib.sha256(n.to_bytes(4, "big")).hexdigest() for n in range(20_000))
    with pytest.raises(StoreError, match="DynamoDB holds 409600"):
        state.put(Put("t", "huge", {"n": noise}, None))


@pytest.mark.parametrize("size", [0, 1025])
def test_a_key_that_cannot_be_one_is_refused(state: DynamoState, size: int) -> None:
    with pytest.raises(StoreError, match=f"a key of {size} bytes"):
        state.put(Put("t", "x" * size, {}, None))


def test_a_table_that_is_not_there_and_one_that_is_closed_are_told_apart(
    state: DynamoState, clients: Clients, network: Network
) -> None:
    with pytest.raises(StoreError, match="no such place"):
        DynamoState(clients.dynamodb, "gone").get("t", "k")
    network.add("GetItem", refused(400, "AccessDeniedException", kind="json"))
    with pytest.raises(AccessDenied, match="dynamodb:GetItem"):
        state.get("t", "k")


def test_a_damaged_record_is_an_error(state: DynamoState, clients: Clients) -> None:
    place = {"pk": {"S": "t"}, "sk": {"S": "k"}, "version": {"N": "1"}}
    for value in ({"S": "{"}, {"B": b"no zstd"}):
        clients.dynamodb.put_item(TableName=STATE, Item={**place, "value": value})  # type: ignore[dict-item]
        with pytest.raises(StoreError, match="damaged"):
            state.get("t", "k")


def _other():  # type: ignore[no-untyped-def]
    """Return a client that no fault meets."""
    return Clients(region="us-east-1").dynamodb
