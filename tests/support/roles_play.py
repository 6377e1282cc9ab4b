"""What each function has to do: scenes to find, a call, and what may be wrong afterwards.

A scene holds what the function meets in its life, the rare things too: a worker that died, a
deployment in the middle, an object that is gone, a query that hangs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from mantissa.detection.journal import ACTIVE, RUNS, Pin
from mantissa.lake.ledger import MAX_ATTEMPTS, Ledger
from mantissa.lake.parts import stem
from mantissa.lake.plan import PARSER_VERSION, Plan
from mantissa.lake.quarantine import quarantine_key
from mantissa.ports import Put
from mantissa.sources.record import Limits
from mantissa.sources.spec import load_spec
from support.api_world import event
from support.athena.refusal import Answer
from support.athena.troubles import HELD, Fate
from support.lakes import SOURCES, cloudtrail, records
from support.roles_plan import Document, Removal, without
from support.roles_scene import Scene, days, now, set_up
from support.roles_world import LONG, SHORT, World

TABLE = "aws_cloudtrail"
CROWD = 110
"""Callers of whom each has an alert of their own: more than one transaction has room for."""
LOGS = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/18"
RAW: Mapping[str, bytes] = {
    f"{LOGS}/day.json.gz": records(
        [
            *(cloudtrail(2 * n) for n in range(3)),
            {"eventVersion": "1.11", "eventTime": "no time", "eventSource": 7},
        ]
    ),
    f"{LOGS}/next-day.json.gz": records([cloudtrail(101)]),
    f"{LOGS}/older.json.gz": records([cloudtrail(200)]),
    f"{LOGS}/poison.json.gz": records([cloudtrail(300)]),
    f"{LOGS}/crowd.json.gz": records(
        cloudtrail(1000 + 2 * n, eventName="ListBuckets", sourceIPAddress=f"198.51.100.{n}",
                   userIdentity={"type": "IAMUser", "userName": f"user-{n}"})
        for n in range(CROWD)
    ),
    f"{LOGS}/unknown.txt": b"this is no log\n",
    "AWSLogs/aged/lost.json.gz": records([cloudtrail(400)]),
}  # fmt: skip
LOSES = hashlib.sha256(RAW[f"{LOGS}/day.json.gz"]).hexdigest()[:32]
"""In the keys of what the first object becomes: the answers to its writing are lost."""
GONE = f"{LOGS}/gone.json.gz"
SQL = f"SELECT event_id FROM {TABLE} WHERE event_date = '2026-11-18'"
HANGS = f"SELECT count(*) AS hangs FROM {TABLE} WHERE event_date = '2026-11-18'"
WOKEN = '{"committed": true}'
FAULT = Answer("InvalidRequestException", "GENERIC_INTERNAL_ERROR: try again")


@dataclass(frozen=True)
class Role:
    """A function with its scenes, what it does in them, and what is then wrong."""

    function: str
    scenes: Mapping[str, Scene]
    play: Callable[[World, str], Iterator[str]]

    def problems(self, world: World, scene: str, policy: Document) -> list[str]:
        """Play one scene with these rights and return what went wrong."""
        return list(self._problems(world, scene, policy))

    def _problems(self, world: World, scene: str, policy: Document) -> Iterator[str]:
        set_up(world, self.scenes[scene])
        world.allow(self.function, policy)
        try:
            yield from self.play(world, scene)
        except ClientError as error:
            yield f"the poller: {error}"

    def work(self, world: World, scene: str) -> None:
        """Play a scene, in which everything has to go right."""
        wrong = self.problems(world, scene, world.planned.service[self.function])
        assert not wrong, wrong

    def needs(self, world: World, removal: Removal) -> str:
        """Return what goes wrong in the first scene that cannot do without an action."""
        policy = without(world.planned.service[self.function], removal)
        for scene in self.scenes:
            world.forget()
            world.patience = SHORT
            problem = next(self._problems(world, scene, policy), "")
            world.patience = LONG
            if problem:
                assert world.denied() == {removal.action}, (str(removal), problem)
                return problem
        return ""


def raised(answer: Any) -> Iterator[str]:
    if isinstance(answer, dict) and "raised" in answer:
        yield answer["raised"]


# ---- ingest


def message(bucket: str, key: str) -> str:
    """Return S3's notification of one object."""
    described = {"key": key, "size": len(RAW.get(key, b""))}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": described},
    }
    return json.dumps({"Records": [record]})


def to_ingest(world: World) -> Role:
    """Put the raw objects, and what workers left that died."""
    bucket = world.planned.buckets["raw"]
    for key, data in RAW.items():
        world.s3.put_object(Bucket=bucket, Key=key, Body=data)
    _half_done_by_an_older_release(world, f"{LOGS}/older.json.gz")
    _killed_too_often(world, f"{LOGS}/poison.json.gz")
    keys = [key for key in RAW if "/aged/" not in key]
    bodies = [message(bucket, key) for key in (*keys, keys[0], GONE)]
    begun = now(world, ingest=(*bodies, "no message of ours"))
    role = Role("ingest", {"new": begun}, play_ingest)
    # The same once more over its own files, for none of which the state knows: it died before.
    role.work(world, "new")
    left = now(world)
    again = Scene(begun.items, left.objects, left.days, begun.messages)
    return Role("ingest", {"new": begun, "left by the dead": again}, play_ingest)


def play_ingest(world: World, scene: str) -> Iterator[str]:
    batch = world.poll("ingest")
    (answer,) = world.call("ingest", batch)
    yield from raised(answer)
    failed = {entry["itemIdentifier"] for entry in answer.get("batchItemFailures", ())}
    if failed:
        yield f"{len(failed)} of {len(batch['Records'])} messages have to come again"
    world.delete("ingest", batch, failed)
    ended = [item.value for item in world.state.query("ledger")]
    if sorted(v["state"] for v in ended) != ["DONE"] * 4 + ["QUARANTINED"] * 4:
        yield f"the ledger says {sorted(v['state'] for v in ended)}"
    counts = [v.get("counts", {}) for v in ended]
    totals = {n: sum(c.get(n, 0) for c in counts) for n in ("rows", "quarantined")}
    if totals != {"rows": CROWD + 5, "quarantined": 5}:
        yield f"{totals}"
    if [info.key for info in world.lake.list("") if "-left" in info.key]:
        yield "what a dead worker left is still there"
    if (TABLE, "2026-11-19") not in days(world):
        yield "a day is not registered"
    if len(world.waiting("detect")) != 1:
        yield "detection was not woken"


def _plan(world: World, key: str, spec: str) -> tuple[str, Plan]:
    info = world.s3.head_object(Bucket=world.planned.buckets["raw"], Key=key)
    plan = Plan(
        source=TABLE,
        spec=spec,
        nearest=(),
        parser=PARSER_VERSION,
        split_rows=1000,
        split_bytes=1 << 20,
        limits=asdict(Limits()),
        writer="",
        source_object=f"s3://{world.planned.buckets['raw']}/{key}",
        etag=info["ETag"].strip('"'),
        size=info["ContentLength"],
        modified=info["LastModified"].isoformat(),
    )
    return hashlib.sha256(RAW[key]).hexdigest(), plan


def _half_done_by_an_older_release(world: World, key: str) -> None:
    """Begin an object with a specification that the present release does not have."""
    older = load_spec(f"{SOURCES[TABLE].text}\n# older\n", "source.yaml")
    place = f"specs/{TABLE}-{older.version}.yaml"
    world.lake.put_if_absent(place, older.text.encode())
    Ledger(world.state).begin(*_plan(world, key, older.version))


def _killed_too_often(world: World, key: str) -> None:
    """Begin an object as often as is allowed, and leave files of an attempt."""
    identity, plan = _plan(world, key, SOURCES[TABLE].version)
    for _ in range(MAX_ATTEMPTS):
        Ledger(world.state).begin(identity, plan)
    name = f"{stem(identity, plan)}00000-left"
    world.lake.put_if_absent(f"lake/{TABLE}/event_date=2026-11-18/{name}.parquet", b"rows")
    world.lake.put_if_absent(quarantine_key(TABLE, name), b"refused")


# ---- detect


def to_detect(world: World, ingest: Role) -> Role:
    """Ingest, and leave what detection runs left that died at two places."""
    allowed = world.planned.service
    ingest.work(world, "new")
    ready = now(world, detect=(WOKEN,))
    _died_before_its_commit(world)
    new = now(world, detect=(WOKEN,))
    settling = Role("detect", {"new": ready}, play_detect)
    # It has decided and cannot read its own decision: the next run has to.
    assert settling.problems(
        world, "new", without(allowed["detect"], Removal("WriteRuns", "s3:GetObject"))
    )
    decided = now(world, detect=(WOKEN,))
    assert world.state.get(RUNS, ACTIVE).value["state"] == "settling"  # type: ignore[union-attr]
    return Role("detect", {"new": new, "decided": decided}, play_detect)


def _died_before_its_commit(world: World) -> None:
    began = datetime.now(UTC) - timedelta(hours=1)
    pin = Pin("dead", {}, {}, "", began, "another", began + timedelta(minutes=5))
    world.state.put(Put(RUNS, ACTIVE, pin.to_json(), None))
    for table in ("findings", "matches"):
        key = f"lake/{table}/event_date=2026-11-18/dead-left.parquet"
        world.lake.put_if_absent(key, table.encode())


def play_detect(world: World, scene: str) -> Iterator[str]:
    if scene == "new":
        troubles = world.endpoint.troubles
        troubles.fate(Fate(running_polls=HELD))
        troubles.answer("GetQueryExecution", FAULT)
    batch = world.poll("detect")
    (answer,) = world.call("detect", batch)
    yield from raised(answer)
    world.delete("detect", batch, set())
    if answer.get("rules", {}).get("failed"):
        yield f"{answer['rules']['failed']}"
    wanted = {"findings": CROWD + 6, "alerts": CROWD + 3, "pending": 0}
    found = {name: answer.get(name) for name in wanted}
    if found != wanted:
        yield f"{found}"
    if [e for e in world.endpoint.athena.executions.values() if not e.is_final]:
        yield "a query goes on that nobody waits for"
    if [info.key for info in world.lake.list("") if "-left" in info.key]:
        yield "files of a dead run are still there"
    if [json.loads(m["Body"])["run"] for m in world.waiting("alert")] != [answer.get("run")]:
        yield "delivery was not woken"
    if ("findings", "2026-11-18") not in days(world):
        yield "a day of findings is not registered"


# ---- alert


def to_alert(world: World, detect: Role) -> Role:
    """Detect: two alerts are owed to two destinations."""
    detect.work(world, "new")
    found = now(world, alert=(json.dumps({"run": "any"}),))
    return Role("alert", {"owed": found}, play_alert)


def play_alert(world: World, scene: str) -> Iterator[str]:
    batch = world.poll("alert")
    (answer,) = world.call("alert", batch)
    yield from raised(answer)
    if answer.get("sent") != 4 or answer.get("waiting"):
        yield f"{answer}"
    world.delete("alert", batch, set())
    if (len(world.receiver.slack_posts), len(world.receiver.incidents)) != (2, 2):
        yield "Slack or PagerDuty heard nothing"
    if list(world.state.query("outbox")):
        yield "messages are still owed"


# ---- api


def to_ask(world: World, alert: Role) -> Role:
    found = alert.scenes["owed"]
    return Role("api", {"asked": Scene(found.items, found.objects, found.days)}, play_api)


def play_api(world: World, scene: str) -> Iterator[str]:
    world.endpoint.troubles.fate(Fate(running_polls=HELD), contains="hangs")
    (alert, *_) = [i.key for i in world.state.query("alerts") if i.value["level"] == "high"]
    told = world.call(
        "api",
        event("POST", "/v1/queries", body=json.dumps({"sql": SQL, "wait": world.patience})),
        event("POST", "/v1/queries", body=json.dumps({"sql": HANGS})),
        event("GET", "/v1/alerts"),
        event("POST", f"/v1/alerts/{alert}/ack"),
        event("POST", f"/v1/alerts/{alert}/comments", body=json.dumps({"text": "seen"})),
        event("POST", f"/v1/alerts/{alert}/close", body=json.dumps({"verdict": "benign"})),
        event("POST", f"/v1/alerts/{alert}/reopen"),
    )
    for answer in told:
        yield from _refused(answer)
    answered, hung, *_ = [json.loads(answer.get("body", "{}")) for answer in told]
    if answered.get("row_count") != CROWD + 4:
        yield f"{answered}"
    if "id" in answered and "id" in hung:
        yield from _later(world, answered["id"], hung["id"])


def _later(world: World, answered: str, hung: str) -> Iterator[str]:
    told = world.call(
        "api",
        event("GET", f"/v1/queries/{answered}", query={"limit": "1"}),
        event("DELETE", f"/v1/queries/{hung}"),
    )
    for answer in told:
        yield from _refused(answer)
    if [e for e in world.endpoint.athena.executions.values() if not e.is_final]:
        yield "a query goes on that was cancelled"


def _refused(answer: Mapping[str, Any]) -> Iterator[str]:
    yield from raised(answer)
    if answer.get("statusCode", 0) >= 400:
        yield f"{answer['statusCode']}: {answer['body']}"


# ---- sweep


def to_sweep(world: World, ingest: Role) -> Role:
    """Ingest: only the aged object is left that nobody knows of."""
    ingest.work(world, "new")
    return Role("sweep", {"one is missed": now(world)}, play_sweep)


def play_sweep(world: World, scene: str) -> Iterator[str]:
    (answer,) = world.call("sweep", {})
    yield from raised(answer)
    if isinstance(answer, list) and [swept["sent"] for swept in answer] != [1]:
        yield f"{answer}"
    told = world.waiting("ingest")
    if len(told) != 1 or "aged/lost" not in told[0]["Body"]:
        yield "nothing was sent to the ingest queue"
    if not list(world.state.query("sweeps")):
        yield "the next sweep does not know where to go on"
