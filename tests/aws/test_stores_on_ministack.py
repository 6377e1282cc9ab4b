"""The same adapters over HTTP, against another emulator: what the system test deploys to."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mantissa.adapters.aws.dynamodb import DynamoState
from mantissa.adapters.aws.inputs import S3Inputs
from mantissa.adapters.aws.s3 import S3Objects
from mantissa.adapters.aws.secrets import SecretsManager
from mantissa.adapters.aws.session import Clients
from mantissa.adapters.aws.spool import Spool
from mantissa.adapters.aws.sqs import SQSQueue
from mantissa.adapters.memory import ManualClock, MemoryState
from mantissa.errors import ConfigError, Conflict, ObjectNotFound, StoreError
from mantissa.lake.seen import Seen
from mantissa.ports import Delete, Put
from mantissa.sources.record import Limits
from support.aws_stores import environ, make_queue, make_state, received
from support.emulators import REGION, Emulator
from support.lakes import NOW

BUCKET = "mantissa-stores-on-ministack"


@pytest.fixture(scope="module")
def clients(ministack: Emulator) -> Iterator[Clients]:
    """Clients that find the emulator as the deployed functions do: through the SDK's variables."""
    with environ(**ministack.environ()):
        made = Clients(region=REGION)
        made.s3.create_bucket(Bucket=BUCKET)
        yield made


@pytest.fixture(scope="module")
def state(clients: Clients) -> DynamoState:
    return make_state(clients, "mantissa-stores-on-ministack")


def test_objects(clients: Clients) -> None:
    store = S3Objects(clients.s3, BUCKET, "objects/")
    file = io.BytesIO()
    pq.write_table(pa.table({"n": range(50_000)}), file)
    data = file.getvalue()
    assert store.put_if_absent("a b/é+1.parquet", data) is True
    assert store.put_if_absent("a b/é+1.parquet", b"other") is False
    info = store.head("a b/é+1.parquet")
    assert (info.identity, info.size) == (hashlib.sha256(data).hexdigest(), len(data))
    with store.open("a b/é+1.parquet") as stream:
        assert pq.read_metadata(stream).num_rows == 50_000
    assert store.get("a b/é+1.parquet") == data
    assert [(i.key, i.etag) for i in store.list("a b/")] == [(info.key, info.etag)]
    store.delete("a b/é+1.parquet")
    for ask in (store.head, store.get):
        with pytest.raises(ObjectNotFound, match="parquet"):
            ask("a b/é+1.parquet")
    with pytest.raises(StoreError, match="no such place"):
        S3Objects(clients.s3, "mantissa-not-there").get("k")


def test_raw_objects(clients: Clients) -> None:
    data = b"content\n" * 200_000
    clients.s3.put_object(Bucket=BUCKET, Key="raw/a!b é.log", Body=data)
    uri = f"s3://{BUCKET}/raw/a!b é.log"
    inputs = S3Inputs(clients.s3, Seen(MemoryState()), Limits(), spool=Spool())
    with inputs.hold(uri) as held:
        assert (list(held.keys), held.info.identity) == ([uri], hashlib.sha256(data).hexdigest())
        with inputs.open(uri) as stream:
            assert stream.read() == data
    assert inputs.head(uri).identity == held.info.identity
    clients.s3.put_object(Bucket=BUCKET, Key="raw/a!b é.log", Body=b"another")
    with pytest.raises(Conflict), inputs.open(uri) as stream:
        stream.read()
    assert uri in [i.key for i in inputs.listing(BUCKET)]


def test_state(state: DynamoState) -> None:
    keys = sorted([f"{n:08x}/é" for n in range(99)] + ["日"])
    state.transact([Put("ledger", key, {"k": key}, None) for key in keys])
    assert [i.key for i in state.query("ledger")] == keys
    assert [i.key for i in state.query("ledger", after=keys[90])] == keys[91:]
    assert [i.key for i in state.query("ledger", "00000007")] == ["00000007/é"]
    state.put(Put("ledger", keys[0], {"long": "x" * 50_000}, 1))
    found = state.get("ledger", keys[0])
    assert found is not None
    assert (len(found.value["long"]), found.version) == (50_000, 2)
    with pytest.raises(Conflict, match=f"ledger/{keys[0]}"):
        state.put(Put("ledger", keys[0], {}, 1))
    with pytest.raises(Conflict, match=f"ledger/{keys[1]}"):
        state.transact([Delete("ledger", keys[2], 1), Delete("ledger", keys[1], 9)])
    state.transact([Delete("ledger", keys[2], 1)])
    assert state.get("ledger", keys[2]) is None


def test_queues_and_secrets(clients: Clients) -> None:
    url = make_queue(clients, "mantissa-stores-on-ministack")
    SQSQueue(clients.sqs, url).send_all(f"é {n}" for n in range(12))
    assert sorted(received(clients, url)) == sorted(f"é {n}" for n in range(12))
    store = SecretsManager(clients.secretsmanager, "mantissa-stores/", ManualClock(NOW))
    clients.secretsmanager.create_secret(Name="mantissa-stores/a", SecretString='{"url": "x"}')
    assert store.get("a").value == "x"
    with pytest.raises(ConfigError, match="mantissa-stores/b"):
        store.get("b")
