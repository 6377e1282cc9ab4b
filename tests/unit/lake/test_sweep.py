"""The sweep sends what no message brought, and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta

from mantissa.adapters.memory import ManualClock, MemoryQueue
from mantissa.errors import KeyDenied
from mantissa.lake.ledger import Ledger
from mantissa.lake.notices import arrivals_of, pointer_to
from mantissa.lake.seen import SEEN, Seen
from mantissa.lake.sweep import Sweep, Swept
from mantissa.ports import Put
from support.lakes import NOW, cloudtrail, records, rows_of
from support.raw import RawLake

LATER = ManualClock(NOW + timedelta(hours=2))


def uri(number: int) -> str:
    return f"s3://raw/logs/{number:03d} é!+.json"


def filled(count: int) -> RawLake:
    made = RawLake()
    for number in range(count):
        made.raw.put(uri(number), records([cloudtrail(number)]))
    return made


def swept(raw: RawLake, bucket: str = "raw", **how: object) -> tuple[Swept, list[str]]:
    """Sweep, and return the report with the keys that were sent."""
    queue = MemoryQueue()
    report = Sweep(raw.raw.listing, raw.lake.state, queue, LATER).run(bucket, **how)  # type: ignore[arg-type]
    return report, [a.uri for body in queue.bodies for a in arrivals_of(body)]


def deliver(raw: RawLake, *numbers: int) -> None:
    for body in _bodies(raw, *numbers):
        raw.arrivals().take(body)


def _bodies(raw: RawLake, *numbers: int) -> list[str]:
    return [pointer_to([raw.raw.head(uri(n))]) for n in numbers]


def test_what_was_never_delivered_is_sent_in_a_message_that_the_queue_understands() -> None:
    raw = filled(10)
    deliver(raw, 0, 3, 4, 9)
    report, sent = swept(raw)
    assert sent == [uri(n) for n in (1, 2, 5, 6, 7, 8)]
    assert report == Swept("raw", listed=10, covered=4, young=0, sent=6, ended=True)


def test_delivering_what_was_sent_covers_the_bucket() -> None:
    raw = filled(7)
    queue = MemoryQueue()
    Sweep(raw.raw.listing, raw.lake.state, queue, LATER).run("raw")
    for body in queue.bodies * 2:
        raw.arrivals().take(body)
    assert len(rows_of(raw.lake.objects)) == 7
    assert swept(raw)[0] == Swept("raw", 7, 7)


def test_what_may_still_be_under_way_is_left_alone() -> None:
    raw = filled(3)
    report, sent = swept(raw, grace=timedelta(hours=3))
    assert (report.young, sent) == (3, [])


def test_what_was_put_over_a_known_key_is_sent() -> None:
    raw = filled(3)
    deliver(raw, 0, 1, 2)
    raw.raw.put(uri(1), records([cloudtrail(99)]))
    assert swept(raw)[1] == [uri(1)]


def test_a_worker_that_died_before_the_sighting_was_complete_left_nothing_to_do() -> None:
    raw = filled(2)
    raw.lake.ingest().one(uri(0))
    info = raw.raw.head(uri(0))
    Seen(raw.lake.state).note(info)
    assert swept(raw)[1] == [uri(1)]
    Seen(raw.lake.state).note(raw.raw.head(uri(1)))
    assert swept(raw)[1] == [uri(1)]


def test_an_object_that_ended_in_quarantine_is_covered() -> None:
    raw = filled(0)
    raw.raw.put(uri(0), b"nobody claims this\n")
    deliver(raw, 0)
    assert [e.state for e in Ledger(raw.lake.state).entries()] == ["QUARANTINED"]
    assert swept(raw)[1] == []


def test_what_could_not_be_read_is_sent_every_time() -> None:
    raw = filled(1)
    raw.raw.closed[uri(0)] = KeyDenied("no", where=uri(0))
    body = json.dumps({"s3Bucket": "raw", "s3ObjectKey": [uri(0).removeprefix("s3://raw/")]})
    assert raw.arrivals().take(body, last=True).refused
    for _ in range(2):
        assert swept(raw)[1] == [uri(0)]


def test_a_large_bucket_is_swept_in_turns_and_then_from_the_beginning() -> None:
    raw = filled(10)
    turns = [swept(raw, most=4) for _ in range(4)]
    assert [len(sent) for _, sent in turns] == [4, 4, 2, 4]
    assert [report.ended for report, _ in turns] == [False, False, True, False]
    assert turns[0][1] == turns[3][1]
    deliver(raw, *range(10))
    assert [swept(raw, most=5)[0].sent for _ in range(3)] == [0, 0, 0]


def test_buckets_of_like_names_are_kept_apart() -> None:
    raw = filled(2)
    raw.raw.put("s3://raw-b/logs/1", b"")
    deliver(raw, 0, 1)
    assert swept(raw, "raw")[1] == []
    assert swept(raw, "raw-b")[1] == ["s3://raw-b/logs/1"]


def test_keys_too_long_for_the_state_store_are_known_too() -> None:
    raw = RawLake()
    long = [f"s3://raw/{'x' * 1018}é-{n}" for n in range(3)] + ["s3://raw/" + "日" * 341]
    for place in long:
        raw.raw.put(place, records([cloudtrail(len(place))]))
    assert swept(raw)[1] == sorted(long)
    for place in long:
        raw.arrivals().take(pointer_to([raw.raw.head(place)]))
    assert all(len(i.key.encode()) <= 1024 for i in raw.lake.state.query(SEEN))
    assert swept(raw)[1] == []


def test_a_record_of_a_later_version_can_be_read_as_far_as_it_is_known() -> None:
    raw = filled(1)
    info = raw.raw.head(uri(0))
    raw.seen.complete(info)
    item = next(raw.lake.state.query(SEEN))
    raw.lake.state.put(Put(SEEN, item.key, {**item.value, "later": 1}, item.version))
    assert swept(raw)[1] == []
    assert raw.seen.find(uri(0)) is not None
