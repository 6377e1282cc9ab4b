"""Every way the books can be wrong is made by hand and has to be reported."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mantissa.lake.books import PARTITIONS
from mantissa.lake.ledger import LEDGER
from mantissa.lake.quarantine import RELEASED
from mantissa.lake.reconcile import Difference, Reconcile
from mantissa.ports import Put
from support.faults import Faults, Faulty, Killed
from support.lakes import Lake, cloudtrail, records

KEY = "111122223333_CloudTrail_eu-west-1_x.json.gz"


@pytest.fixture
def lake() -> Lake:
    made = Lake()
    events = [cloudtrail(n) for n in range(7)] + [cloudtrail(9, eventTime="never")]
    made.deliver(KEY, records(events))
    made.ingest().one(KEY)
    assert differences(made) == []
    return made


def differences(lake: Lake) -> list[Difference]:
    return Reconcile(lake.objects, lake.state).run()


def first(lake: Lake, prefix: str) -> str:
    return next(iter(lake.objects.list(prefix))).key


def change(lake: Lake, table: str, edit: Callable[[dict], dict]) -> None:  # type: ignore[type-arg]
    item = next(iter(lake.state.query(table)))
    lake.state.put(Put(table, item.key, edit(dict(item.value)), item.version))


def test_a_deleted_file_is_reported(lake: Lake) -> None:
    key = first(lake, "lake/")
    lake.objects.delete(key)
    (found,) = differences(lake)
    assert (found.check, found.where) == ("R2", key)
    assert "gone" in found.detail


@pytest.mark.parametrize("cut", [0, 4, 100, -1])
def test_a_cut_file_is_reported(lake: Lake, cut: int) -> None:
    key = first(lake, "lake/")
    data = lake.objects.get(key)
    lake.objects.delete(key)
    lake.objects.put_if_absent(key, data[:cut])
    (found,) = differences(lake)
    assert (found.check, found.where) == ("R2", key)
    assert "no readable footer" in found.detail


def test_another_files_content_is_reported(lake: Lake) -> None:
    sizes = {i.key: i.size for i in lake.objects.list("lake/")}
    one, other = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    data = lake.objects.get(other)
    lake.objects.delete(one)
    lake.objects.put_if_absent(one, data)
    assert [d.where for d in differences(lake)] == [one]


@pytest.mark.parametrize(
    "key",
    [
        "lake/aws_cloudtrail/event_date=2026-11-18/stranger.parquet",
        "lake/never_heard_of/event_date=2026-11-18/stranger.parquet",
    ],
)
def test_a_stranger_is_reported_in_any_table(lake: Lake, key: str) -> None:
    lake.objects.put_if_absent(key, lake.objects.get(first(lake, "lake/")))
    assert [(d.check, d.where) for d in differences(lake)] == [("R2", key)]


def test_findings_keep_their_own_books(lake: Lake) -> None:
    lake.objects.put_if_absent("lake/findings/event_date=2026-11-18/f.parquet", b"x")
    assert differences(lake) == []


def test_counts_that_do_not_add_up_are_reported(lake: Lake) -> None:
    change(lake, LEDGER, lambda v: v | {"counts": v["counts"] | {"filtered": 1}})
    assert [(d.check, d.where) for d in differences(lake)] == [("R1", KEY)]


def test_counts_that_only_look_right_are_reported(lake: Lake) -> None:
    swap = {"rows": 6, "quarantined": 2, "reasons": {"bad_time": 2}}
    change(lake, LEDGER, lambda v: v | {"counts": v["counts"] | swap})
    assert [(d.check, d.where) for d in differences(lake)] == [("R1", KEY), ("R4", KEY)]


def test_partition_totals_that_are_off_are_reported(lake: Lake) -> None:
    change(lake, PARTITIONS, lambda v: v | {"rows": v["rows"] + 1})
    assert [d.check for d in differences(lake)] == ["R3"]


def test_a_lost_quarantine_file_is_reported(lake: Lake) -> None:
    key = first(lake, "quarantine/")
    lake.objects.delete(key)
    (found,) = differences(lake)
    assert (found.check, found.where) == ("R4", key)
    assert KEY in found.detail


def test_a_damaged_quarantine_file_is_reported(lake: Lake) -> None:
    key = first(lake, "quarantine/")
    data = lake.objects.get(key)
    lake.objects.delete(key)
    lake.objects.put_if_absent(key, data[:-5])
    assert [(d.check, d.where) for d in differences(lake)] == [("R4", key)]


def test_an_entry_released_without_becoming_a_row_is_reported(lake: Lake) -> None:
    identity = lake.inputs.head(KEY).identity
    lake.state.put(Put(RELEASED, f"{identity[:32]}{7:08x}", {"by": "nobody"}, None))
    assert [(d.check, d.where) for d in differences(lake)] == [("R4", KEY)]


def test_a_quarantine_file_of_nobody_is_reported(lake: Lake) -> None:
    lake.objects.put_if_absent("quarantine/aws_cloudtrail/x.jsonl.zst", b"x")
    assert [d.where for d in differences(lake)] == ["quarantine/aws_cloudtrail/x.jsonl.zst"]


def test_an_object_half_ingested_is_reported_with_its_visible_rows() -> None:
    lake = Lake()
    lake.deliver(KEY, records(cloudtrail(n) for n in range(4)))
    objects = Faulty(lake.objects, Faults(at=2, kind="kill_after"), "objects")
    lake_now = Lake(lake.inputs, objects, lake.state, lake.settings)
    with pytest.raises(Killed):
        lake_now.ingest().one(KEY)
    found = differences(lake)
    assert [d.check for d in found] == ["R1", "R2"]
    assert found[0].where == KEY
    assert all("--repair" in d.fix for d in found)
