"""What was refused is kept as received, listed, and gone from the list when released."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.errors import ObjectNotFound, StoreError
from mantissa.lake.quarantine import (
    RELEASED,
    Quarantine,
    decode_entries,
    encode_entries,
    entry_of,
    whole_object_entry,
)
from mantissa.model import Reason
from mantissa.ports import Put
from mantissa.sources.record import RAW_LIMIT, bad
from support.lakes import Lake, cloudtrail, records

IDENTITY = "ab" * 32
KEY = "111122223333_CloudTrail_eu-west-1_x.json.gz"


@given(st.binary(max_size=300), st.integers(0, 2**31), st.sampled_from(Reason))
def test_any_bytes_come_back(raw: bytes, position: int, reason: Reason) -> None:
    entry = entry_of(IDENTITY, "gate", "in/a.log", bad(position, reason, "wrong é\n", raw))
    (found,) = decode_entries(encode_entries([entry]), "k")
    assert found == entry
    assert found.data() == raw
    assert (found.position, found.line, found.reason) == (position, position + 1, reason)
    assert found.id == f"{IDENTITY[:32]}{position:08x}"


def test_a_long_record_is_cut_and_says_so() -> None:
    entry = entry_of(IDENTITY, "gate", "o", bad(0, Reason.LINE_TOO_LONG, "", b"x" * 3_000_000))
    assert entry.truncated
    assert len(entry.data()) == RAW_LIMIT


def test_lines_within_a_record_do_not_break_entries_apart() -> None:
    raws = [b"a\nb", b"c\r\nd", "e\u2028f\u0085g".encode(), b"\x0b\x0c\x1c"]
    entries = [
        entry_of(IDENTITY, "g", "o", bad(n, Reason.BAD_JSON, "", r)) for n, r in enumerate(raws)
    ]
    assert [e.data() for e in decode_entries(encode_entries(entries), "k")] == raws


def whole_file() -> bytes:
    return encode_entries([entry_of(IDENTITY, "g", "o", bad(0, Reason.BAD_JSON, "", b"raw" * 99))])


@pytest.mark.parametrize(
    "data", [b"", b"no zstd", whole_file()[:-9], whole_file()[:7], encode_entries([])[:3]]
)
def test_a_damaged_file_names_itself(data: bytes) -> None:
    with pytest.raises(StoreError) as caught:
        decode_entries(data, "quarantine/x")
    assert caught.value.where == "quarantine/x"


def test_a_whole_object_is_an_entry_without_a_line() -> None:
    entry = whole_object_entry("n", "o", Reason.POISON, "why", b"\xff\x00head")
    assert (entry.line, entry.truncated, entry.data()) == (0, True, b"\xff\x00head")


def three_bad() -> Lake:
    lake = Lake()
    events = [cloudtrail(n, eventTime=t) for n, t in enumerate(["?", "2026-11-18T08:00:00Z", None])]
    lake.deliver(KEY, records(events))
    lake.ingest().one(KEY)
    return lake


def test_entries_are_listed_by_reason_and_shown_by_id() -> None:
    lake = three_bad()
    quarantine = Quarantine(lake.objects, lake.state)
    assert [(e.line, e.reason) for e in quarantine.entries()] == [
        (1, "bad_time"),
        (3, "missing_required"),
    ]
    (entry,) = quarantine.entries(reason="bad_time")
    shown = quarantine.show(entry.id)
    assert shown == entry
    assert json.loads(shown.raw)["eventTime"] == "?"
    assert shown.source_object == KEY


@pytest.mark.parametrize("name", ["", "ab", "ab" * 16 + "00000000"])
def test_an_id_that_is_not_there_is_an_error(name: str) -> None:
    lake = three_bad()
    with pytest.raises(ObjectNotFound, match="no quarantine entry"):
        Quarantine(lake.objects, lake.state).show(name)


def test_what_is_released_is_not_listed() -> None:
    lake = three_bad()
    quarantine = Quarantine(lake.objects, lake.state)
    first, second = quarantine.entries()
    lake.state.put(Put(RELEASED, first.id, {"by": "x"}, None))
    assert list(quarantine.entries()) == [second]
    with pytest.raises(ObjectNotFound):
        quarantine.show(first.id)
