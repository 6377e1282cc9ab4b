"""What nobody can finish is cleared away; everything else stays."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from mantissa.lake.ledger import SUPERSEDED, Ledger
from mantissa.lake.reconcile import Reconcile
from mantissa.lake.repair import Repair, Repaired
from support.faults import Faults, Faulty, Killed
from support.lakes import Lake, assert_reconciled, cloudtrail, fingerprint, records, rows_of

KEY = "111122223333_CloudTrail_eu-west-1_x.json.gz"
OTHER = "111122223333_CloudTrail_eu-west-1_y.json.gz"


def content(first: int) -> bytes:
    untimed = cloudtrail(90 + first, eventTime="never")
    return records([*(cloudtrail(n) for n in range(first, first + 7)), untimed])


def killed(at: int) -> tuple[Lake, Faults]:
    """A lake with one object done, and another that died at a port call."""
    lake = Lake()
    lake.deliver(OTHER, content(20))
    lake.ingest().one(OTHER)
    lake.deliver(KEY, content(0))
    faults = Faults(at=at, kind="kill_after")
    objects, state = (
        Faulty(p, faults, n) for p, n in ((lake.objects, "objects"), (lake.state, "state"))
    )
    with contextlib.suppress(Killed):
        replace(lake, objects=objects, state=state).ingest().one(KEY)
    return lake, faults


def repair(lake: Lake) -> Repaired:
    return Repair(lake.inputs, lake.objects, lake.state).run()


def counts() -> range:
    _, faults = killed(0)
    return range(1, faults.calls + 1)


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_a_killed_ingest_of_an_object_that_is_no_more_leaves_no_row(change: str) -> None:
    for at in counts():
        lake, faults = killed(at)
        done = any(e.finished for e in Ledger(lake.state).entries() if e.plan.source_object == KEY)
        before = len(rows_of(lake.objects))
        if change == "gone":
            lake.inputs.delete(KEY)
        else:
            lake.deliver(KEY, content(40))
        repaired = repair(lake)
        assert_reconciled(lake.objects, lake.state)
        assert len(rows_of(lake.objects)) == (14 if done else 7), faults.log
        assert bool(repaired.files) >= (before > 7 and not done)
        assert repair(lake) == Repaired((), ())


def test_what_can_be_finished_is_left_alone_and_finished() -> None:
    clean, _ = killed(0)
    expected = fingerprint(clean.objects, clean.state)
    for at in counts():
        lake, faults = killed(at)
        files = {i.key for i in lake.objects.list("")}
        assert repair(lake) == Repaired((), ()), faults.log
        assert {i.key for i in lake.objects.list("")} == files
        lake.ingest().one(KEY)
        assert fingerprint(lake.objects, lake.state) == expected


def test_content_that_comes_back_after_a_repair_is_ingested() -> None:
    lake, _ = killed(8)
    lake.inputs.delete(KEY)
    assert repair(lake).objects == (KEY,)
    assert [e.state for e in Ledger(lake.state).entries()].count(SUPERSEDED) == 1
    lake.deliver("elsewhere/" + KEY, content(0))
    assert lake.ingest().one("elsewhere/" + KEY).counts.rows == 7
    assert len(rows_of(lake.objects)) == 14
    assert_reconciled(lake.objects, lake.state)
    assert repair(lake) == Repaired((), ())


def test_files_of_nobody_go_and_findings_stay() -> None:
    lake, _ = killed(0)
    strangers = [
        "lake/aws_cloudtrail/event_date=2026-11-18/" + "ff" * 16 + "-01234567-00000.parquet",
        "lake/unheard_of/event_date=2026-11-18/x.parquet",
        "manifest/" + "ff" * 16 + "-01234567.json",
        "quarantine/aws_cloudtrail/" + "ff" * 16 + "-01234567-00000.jsonl.zst",
    ]
    for key in [*strangers, "lake/findings/event_date=2026-11-18/f.parquet", "specs/x.yaml"]:
        lake.objects.put_if_absent(key, b"x")
    assert len(Reconcile(lake.objects, lake.state).run()) == 3
    assert sorted(repair(lake).files) == sorted(strangers)
    assert_reconciled(lake.objects, lake.state)
    assert lake.objects.get("lake/findings/event_date=2026-11-18/f.parquet") == b"x"
    assert len(rows_of(lake.objects)) == 14
