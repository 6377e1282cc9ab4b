"""Quarantined records become rows once what refused them was mended, each exactly once."""

from __future__ import annotations

import contextlib
import gzip
import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from mantissa.errors import ObjectNotFound, StoreTransient
from mantissa.lake.ingest import IngestSettings
from mantissa.lake.quarantine import Quarantine
from mantissa.lake.replay import ReplayQuarantine, ReplayReport
from mantissa.lake.replays import How, Replays
from mantissa.lake.specs import SpecStore
from mantissa.sources.record import Limits
from mantissa.sources.registry import Sources
from mantissa.sources.spec import load_spec
from support.faults import Faults, Faulty, Killed
from support.lakes import Lake, assert_reconciled, fingerprint, rows_of
from support.sources import SHOP, builtin

KEY = "in/shop/sales.json"
STRICT = Sources(
    {"shop": load_spec(SHOP.replace("required: [what]", "required: [what, note]"), "s")}
)
MENDED = Sources({"shop": load_spec(SHOP, "shop/source.yaml")})


def sale(number: int, **more: Any) -> dict[str, Any]:
    who = {"name": f"customer {number}"}
    return {"what": "sold", "when": 1_795_000_000 + number, "who": who, "port": number} | more


def sales(count: int = 9) -> bytes:
    """Every third sale has no note, and is refused by the strict specification."""
    events = [sale(n) if n % 3 == 0 else sale(n, note=["n"]) for n in range(count)]
    return b"\n".join(json.dumps(e).encode() for e in events) + b"\n"


def strict_lake(content: bytes | None = None) -> Lake:
    lake = Lake(sources=STRICT, settings=IngestSettings(split_rows=2))
    lake.deliver(KEY, sales() if content is None else content)
    counts = lake.ingest().one(KEY).counts
    assert (counts.rows, counts.quarantined) == (6, 3) or content is not None
    return lake


def replay(lake: Lake, **options: Any) -> ReplayReport:
    return ReplayQuarantine(lake.ingest(), lake.inputs, lake.ports, lake.sources).run(**options)


def ports_rows(lake: Lake) -> list[int]:
    return [row["port"] for row in rows_of(lake.objects)]


def test_what_was_refused_by_a_specification_becomes_rows_when_it_is_mended() -> None:
    lake = strict_lake()
    assert replay(lake) == ReplayReport(tried=3, remaining=3)
    lake.sources = MENDED
    assert replay(lake) == ReplayReport(3, 3, 3, 0, 0, {"shop": 3})
    assert ports_rows(lake) == list(range(9))
    assert [r["source_line"] for r in rows_of(lake.objects)] == list(range(1, 10))
    assert list(Quarantine(lake.objects, lake.state).entries()) == []
    assert_reconciled(lake.objects, lake.state)
    assert replay(lake) == ReplayReport()
    assert lake.ingest().one(KEY).already


def test_only_the_chosen_reason_is_tried() -> None:
    lake = strict_lake(sales() + json.dumps(sale(9, note=[1], when="never")).encode())
    lake.sources = MENDED
    assert replay(lake, reason="bad_time").tried == 1
    assert replay(lake, reason="missing_required").released == 3
    assert [e.reason for e in Quarantine(lake.objects, lake.state).entries()] == ["bad_time"]
    assert_reconciled(lake.objects, lake.state)


def test_without_the_object_quarantines_own_copies_are_read() -> None:
    lake = strict_lake()
    lake.inputs.delete(KEY)
    lake.sources = MENDED
    assert replay(lake).rows == 3
    assert ports_rows(lake) == list(range(9))
    assert_reconciled(lake.objects, lake.state)


def test_another_object_under_the_same_name_is_not_read() -> None:
    lake = strict_lake()
    lake.deliver(KEY, b"\n".join(json.dumps(sale(100 + n)).encode() for n in range(9)))
    lake.sources = MENDED
    assert replay(lake).rows == 3
    assert ports_rows(lake) == list(range(9))


def test_what_decoding_refused_is_not_let_in_by_the_back_door() -> None:
    lake = strict_lake(
        sales() + b'{"what": "so\xffld", "when": 1795000000, "note": 1}\n{"what" nonsense}\n'
    )
    lake.inputs.delete(KEY)
    lake.sources = MENDED
    report = replay(lake)
    assert (report.tried, report.rows, report.remaining) == (5, 3, 2)
    left = {e.reason for e in Quarantine(lake.objects, lake.state).entries()}
    assert left == {"bad_utf8", "bad_json"}
    assert_reconciled(lake.objects, lake.state)


def test_a_record_that_was_cut_is_read_from_the_object_or_stays() -> None:
    long = json.dumps(sale(9, words="x" * (2 << 20))).encode()
    lake = strict_lake(sales() + long + b"\n")
    gone = replace(lake, inputs=Lake().inputs, sources=MENDED)
    assert any(e.truncated for e in Quarantine(lake.objects, lake.state).entries())
    assert replay(gone).remaining == 1
    lake.sources = MENDED
    assert replay(lake).rows == 1
    assert ports_rows(lake) == list(range(10))
    assert_reconciled(lake.objects, lake.state)


def test_a_raised_limit_lets_a_long_line_in() -> None:
    lake = Lake(sources=MENDED, settings=IngestSettings(limits=Limits(max_line=400)))
    lake.deliver(KEY, sales() + json.dumps(sale(9, words="x" * 600)).encode() + b"\n" + sales(3))
    assert dict(lake.ingest().one(KEY).counts.reasons) == {"line_too_long": 1}
    lake.settings = IngestSettings()
    assert replay(lake).rows == 1
    assert 9 in ports_rows(lake)
    assert_reconciled(lake.objects, lake.state)


def test_a_limit_that_cuts_the_object_in_other_records_changes_nothing() -> None:
    lake = Lake(sources=MENDED, settings=IngestSettings(limits=Limits(max_bytes=500)))
    lake.deliver(KEY, gzip.compress(sales(), mtime=0))
    counts = lake.ingest().one(KEY).counts
    assert counts.reasons["bomb_bytes"] == 1
    before = fingerprint(lake.objects, lake.state)
    lake.settings = IngestSettings()
    assert replay(lake).released == 0
    assert fingerprint(lake.objects, lake.state) == before
    assert_reconciled(lake.objects, lake.state)


def test_an_object_of_no_source_is_taken_up_when_there_is_one() -> None:
    lake = Lake(sources=Sources({"okta": builtin("okta")}))
    lake.deliver(KEY, sales())
    assert lake.ingest().one(KEY).counts.quarantined == 1
    assert replay(lake).remaining == 1
    lake.sources = Sources({"okta": builtin("okta"), "shop": MENDED["shop"]})
    report = replay(lake)
    assert (report.tried, report.released, report.rows, report.remaining) == (1, 1, 9, 0)
    assert_reconciled(lake.objects, lake.state)


def test_an_object_of_no_source_that_is_gone_or_another_now_stays() -> None:
    lake = Lake(sources=Sources({"okta": builtin("okta")}))
    lake.deliver(KEY, sales())
    lake.ingest().one(KEY)
    lake.deliver(KEY, sales(5))
    lake.sources = MENDED
    assert (replay(lake).released, replay(lake).remaining) == (0, 1)
    lake.inputs.delete(KEY)
    assert replay(lake).remaining == 1
    assert rows_of(lake.objects) == []


HEADED = b"srcaddr dstaddr dstport srcport start end action log-status\n"
FLOWS = b"".join(
    b"198.51.100.7 10.0.0.%d %d 999 179500000%d x OK OK\n" % (n, n, n) for n in range(5)
)
TIMELESS = b"198.51.100.7 10.0.0.77 77 999 - - OK OK\n"


def test_lines_under_a_header_are_only_read_together_with_it() -> None:
    loose = builtin("aws_vpcflow").text.replace("time: [start, end]", "time: [start, end, dstport]")
    lake = Lake(sources=Sources({"aws_vpcflow": builtin("aws_vpcflow")}))
    key = "AWSLogs/111122223333/vpcflowlogs/eu-west-1/x.log"
    lake.deliver(key, HEADED + FLOWS.replace(b" x ", b" - ") + TIMELESS)
    assert lake.ingest().one(key).counts.quarantined == 1
    lake.sources = Sources({"aws_vpcflow": load_spec(loose, "v")})
    gone = replace(lake, inputs=Lake().inputs)
    assert replay(gone).released == 0
    assert replay(lake).released == 1
    (row,) = [r for r in rows_of(lake.objects) if r["dstaddr"] == "10.0.0.77"]
    assert (row["dst_port"], row["src_port"], row["action"]) == (77, 999, "OK")
    assert_reconciled(lake.objects, lake.state)


def expected_after_replay(*, without_object: bool) -> str:
    clean = strict_lake()
    if without_object:
        clean.inputs.delete(KEY)
    clean.sources = MENDED
    replay(clean)
    return fingerprint(clean.objects, clean.state)


def faulty(lake: Lake, faults: Faults) -> Lake:
    return replace(
        lake,
        inputs=Faulty(lake.inputs, faults, "inputs"),
        objects=Faulty(lake.objects, faults, "objects"),
        state=Faulty(lake.state, faults, "state"),
    )


@pytest.mark.parametrize("without_object", [False, True])
@pytest.mark.parametrize("kind", ["kill_before", "kill_after", "refuse", "ambiguous"])
def test_a_fault_at_any_port_call_is_made_good_by_the_next_replay(
    kind: str, without_object: bool
) -> None:
    expected = expected_after_replay(without_object=without_object)
    at = 0
    while True:
        at += 1
        lake = strict_lake()
        if without_object:
            lake.inputs.delete(KEY)
        lake.sources = MENDED
        faults = Faults(at=at, kind=kind)
        try:
            replay(faulty(lake, faults))
        except (Killed, StoreTransient):
            replay(lake)
        else:
            # Asking for an object that is not there fails by itself, before the fault.
            assert faults.calls < at or faults.log[at - 1] == "inputs.head"
        assert fingerprint(lake.objects, lake.state) == expected, (at, faults.log[at - 1 :])
        assert_reconciled(lake.objects, lake.state)
        if faults.calls < at:
            break
    assert at > 15


def test_a_replay_killed_with_the_object_is_finished_without_it() -> None:
    """The files of the first try have other names than those of the second: none is left."""
    for at in range(1, 40):
        lake = strict_lake()
        lake.sources = MENDED
        faults = Faults(at=at, kind="kill_after")
        with contextlib.suppress(Killed):
            replay(faulty(lake, faults))
        lake.inputs.delete(KEY)
        replay(lake)
        assert ports_rows(lake) == list(range(9)), faults.log[:at]
        assert_reconciled(lake.objects, lake.state)
        if faults.calls < at:
            break


def test_what_another_replay_has_pinned_is_carried_out_and_then_ours() -> None:
    lake = strict_lake()
    lake.sources = MENDED
    identity = lake.inputs.head(KEY).identity
    how = How(saved(lake), _limits(lake), stored=True)
    pinned = Replays(lake.state).pin(identity, [0], how)
    assert pinned is not None
    other = Replays(lake.state).pin(identity, [3, 6], how)
    assert other is not None
    assert (other.positions, other.number, other.plan) == ((0,), 1, pinned.plan)
    report = replay(lake)
    assert (report.tried, report.rows, report.remaining) == (2, 3, 0)
    assert ports_rows(lake) == list(range(9))
    assert_reconciled(lake.objects, lake.state)


def test_a_released_record_is_never_pinned_again() -> None:
    lake = strict_lake()
    lake.sources = MENDED
    replay(lake)
    identity = lake.inputs.head(KEY).identity
    how = How(MENDED["shop"].version, _limits(lake), stored=True)
    assert Replays(lake.state).pin(identity, [0, 3], how) is None


def test_a_late_worker_with_a_finished_pin_leaves_nothing() -> None:
    lake = strict_lake()
    lake.sources = MENDED
    replays = Replays(lake.state)
    identity = lake.inputs.head(KEY).identity
    how = How(saved(lake), _limits(lake), stored=False)
    pinned = replays.pin(identity, [0, 3, 6], how)
    assert pinned is not None
    replay(lake)
    before = {i.key for i in lake.objects.list("")}
    late = ReplayQuarantine(lake.ingest(), lake.inputs, lake.ports, lake.sources)
    report = ReplayReport()
    late._carry_out(pinned, report)
    assert report == ReplayReport()
    assert {i.key for i in lake.objects.list("")} == before
    assert_reconciled(lake.objects, lake.state)


def test_a_pin_of_no_object_is_an_error() -> None:
    with pytest.raises(ObjectNotFound):
        Replays(Lake().state).pin("ab" * 32, [0], How("s", {}, stored=True))


def saved(lake: Lake) -> str:
    return SpecStore(lake.objects, lake.sources).save(MENDED["shop"])


def _limits(lake: Lake) -> dict[str, Any]:
    return asdict(lake.ingest().limits)


def test_more_than_one_transaction_holds_is_released_bit_by_bit() -> None:
    lake = strict_lake(sales(150))
    lake.state.most_writes = 100
    lake.sources = MENDED
    report = replay(lake)
    assert (report.released, report.remaining) == (50, 0)
    assert ports_rows(lake) == list(range(150))
    assert_reconciled(lake.objects, lake.state)
