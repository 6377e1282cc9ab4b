"""The ingest of the product over S3 and DynamoDB gives what it gives on a laptop."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mantissa.adapters.aws.dynamodb import DynamoState
from mantissa.adapters.aws.inputs import S3Inputs
from mantissa.adapters.aws.s3 import S3Objects
from mantissa.adapters.aws.session import Clients
from mantissa.adapters.aws.spool import Spool
from mantissa.adapters.aws.sqs import SQSQueue
from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.local.inputs import FileInputs, expand
from mantissa.adapters.local.sqlite import SQLiteState
from mantissa.adapters.memory import ManualClock
from mantissa.errors import StoreTransient
from mantissa.lake.arrivals import Arrivals, Taken
from mantissa.lake.ingest import Ingest, IngestSettings, LakePorts
from mantissa.lake.notices import pointer_to
from mantissa.lake.quarantine import Quarantine
from mantissa.lake.reconcile import Reconcile
from mantissa.lake.refusals import Refusals
from mantissa.lake.seen import Seen
from mantissa.lake.sweep import Sweep
from mantissa.model import ObjectInfo
from mantissa.ports import ObjectStore, StateStore
from mantissa.sources.record import Limits
from support.aws_faults import Network, lost, refused, through
from support.aws_faults import no_waiting as no_waiting
from support.aws_stores import (
    LAKE,
    RAW,
    STATE,
    make_queue,
    make_state,
    moto_clients,
    received,
)
from support.lakes import NOW, SOURCES, cloudtrail, records, rows_of

pytestmark = pytest.mark.usefixtures("no_waiting")
SETTINGS = IngestSettings(split_rows=3)
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/19"


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as found:
        for number in range(3):
            found.writestr(f"{FOLDER}/{number}.json.gz", records([cloudtrail(60 + number)]))
    return file.getvalue()


def objects() -> dict[str, bytes]:
    """Good, bad, insight, empty, odd and packed objects by key."""
    untimed = {k: v for k, v in cloudtrail(90).items() if k != "eventTime"}
    return {
        f"{FOLDER}/111122223333_a.json.gz": records([*map(cloudtrail, range(7)), untimed]),
        f"{FOLDER}/111122223333_b c+d é.json.gz": records(map(cloudtrail, range(20, 24))),
        f"{FOLDER}/111122223333_cut.json.gz": records(map(cloudtrail, range(30, 39)))[:-40],
        f"{FOLDER}/111122223333_empty.json.gz": b"",
        "odd/notes.txt": b"nobody knows this kind\n",
        "backfill/old!days.zip": archive(),
    }


class Aws:
    """The ingest function's world, on moto."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        for bucket in (LAKE, RAW):
            clients.s3.create_bucket(Bucket=bucket)
        self.state = make_state(clients)
        self.store = S3Objects(clients.s3, LAKE)
        self.keys: list[str] = []

    def put(self, key: str, data: bytes) -> None:
        self.clients.s3.put_object(Bucket=RAW, Key=key, Body=data)
        self.keys.append(key)

    def worker(self) -> Arrivals:
        """Return the ingest of one process: nothing is shared with another but AWS."""
        state = DynamoState(self.clients.dynamodb, STATE)
        ports = LakePorts(S3Objects(self.clients.s3, LAKE), state, ManualClock(NOW))
        inputs = S3Inputs(self.clients.s3, Seen(state), Limits(), spool=Spool())
        ingest = Ingest(inputs, ports, SOURCES, SETTINGS)
        return Arrivals(inputs, ingest, Refusals(ports), Seen(state))

    def messages(self) -> list[str]:
        return [pointer_to([ObjectInfo(f"s3://{RAW}/{k}", 0, "", NOW, "")]) for k in self.keys]

    def take_all(self) -> list[Taken]:
        worker = self.worker()
        return [worker.take(body) for body in self.messages()]


@pytest.fixture
def aws() -> Iterator[Aws]:
    with moto_clients() as clients:
        yield Aws(clients)


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[tuple[ObjectStore, StateStore]]:
    """The same objects as files, ingested on a laptop."""
    home, raw = tmp_path / "home", tmp_path / "raw"
    home.mkdir()
    for key, data in objects().items():
        path = raw / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    state = SQLiteState(home / "state.sqlite")
    store = FileObjects(home)
    ports = LakePorts(store, state, ManualClock(NOW))
    ingest = Ingest(FileInputs(Limits()), ports, SOURCES, SETTINGS)
    for key in expand([str(raw)], Limits()):
        ingest.one(key)
    yield store, state
    state.close()


def events(store: ObjectStore) -> list[tuple[str, ...]]:
    """What a row says of an event: all but where its object lay and when it was put there."""
    own = ("ingest_time", "source_object")
    return [tuple(str(v) for k, v in sorted(row.items()) if k not in own) for row in rows_of(store)]


def refused_records(store: ObjectStore, state: StateStore) -> list[tuple[str, str]]:
    return sorted((e.id, e.reason) for e in Quarantine(store, state).entries())


def test_the_same_objects_give_the_same_events_and_the_same_quarantine(
    aws: Aws, laptop: tuple[ObjectStore, StateStore]
) -> None:
    for key, data in objects().items():
        aws.put(key, data)
    aws.take_all()
    assert len(events(aws.store)) >= 7 + 4 + 3
    assert events(aws.store) == events(laptop[0])
    assert refused_records(aws.store, aws.state) == refused_records(*laptop)
    assert {i.key for i in aws.state.query("ledger")} == {i.key for i in laptop[1].query("ledger")}
    assert Reconcile(aws.store, aws.state).run() == []


def test_a_duplicate_delivery_changes_nothing(aws: Aws) -> None:
    for key, data in objects().items():
        aws.put(key, data)
    aws.take_all()

    def everything() -> list[object]:
        lake = [(i.key, i.etag) for i in aws.store.list("")]
        tables = ("ledger", "pending", "partitions", "seen", "released")
        return [lake, *(list(aws.state.query(table)) for table in tables)]

    before = everything()
    taken = aws.take_all()
    assert [len(t.complete) for t in taken] == [1] * len(aws.keys)
    assert everything() == before


def test_two_workers_at_the_same_time_give_each_event_once(aws: Aws) -> None:
    for number in range(6):
        events_ = [cloudtrail(n) for n in range(number * 10, number * 10 + 5)]
        aws.put(f"{FOLDER}/111122223333_{number}.json.gz", records(events_))
    failures: list[BaseException] = []

    def work(bodies: list[str]) -> None:
        worker = aws.worker()
        for body in bodies:
            try:
                worker.take(body)
            except StoreTransient:
                with suppress(StoreTransient):
                    worker.take(body)
            except BaseException as error:
                failures.append(error)
                raise

    bodies = aws.messages()
    threads = [
        threading.Thread(target=work, args=(order,)) for order in (bodies, bodies, bodies[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    aws.take_all()
    found = [row["eventid"] for row in rows_of(aws.store)]
    assert sorted(found) == sorted(
        cloudtrail(n)["eventID"] for m in range(6) for n in range(m * 10, m * 10 + 5)
    )
    assert Reconcile(aws.store, aws.state).run() == []


def test_lost_answers_and_throttles_on_the_way_change_nothing(
    aws: Aws, laptop: tuple[ObjectStore, StateStore]
) -> None:
    for key, data in objects().items():
        aws.put(key, data)
    s3, dynamodb = Network(aws.clients.s3), Network(aws.clients.dynamodb)
    busy = refused(409, "ConditionalRequestConflict")
    throttled = refused(400, "ThrottlingException", kind="json")
    for _ in range(6):
        s3.add("PutObject", lost, busy)
        dynamodb.add("PutItem", lost, through, throttled)
        dynamodb.add("GetItem", throttled, through)
        dynamodb.add("TransactWriteItems", throttled, through)
    aws.take_all()
    assert events(aws.store) == events(laptop[0])
    assert Reconcile(aws.store, aws.state).run() == []


def test_the_sweep_brings_what_no_message_brought(
    aws: Aws, laptop: tuple[ObjectStore, StateStore]
) -> None:
    for key, data in objects().items():
        aws.put(key, data)
    worker = aws.worker()
    for body in aws.messages()[::2]:
        worker.take(body)
    later = ManualClock(NOW)
    inputs = S3Inputs(aws.clients.s3, Seen(aws.state), Limits(), spool=Spool())
    newest = max(info.modified for info in inputs.listing(RAW))
    later.advance((newest - later.now()).total_seconds() + 7200)
    url = make_queue(aws.clients)
    sweep = Sweep(inputs.listing, aws.state, SQSQueue(aws.clients.sqs, url), later)
    report = sweep.run(RAW)
    assert (report.covered, report.sent) == (3, 3)
    for body in received(aws.clients, url):
        worker.take(body)
    assert events(aws.store) == events(laptop[0])
    assert sweep.run(RAW).covered == 6
