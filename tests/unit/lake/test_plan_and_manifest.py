"""Plans name their files for ever; manifests and counts come back as they went."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.errors import SourceError
from mantissa.lake.manifest import add_counts, decode_manifest, encode_manifest, manifest_key
from mantissa.lake.parts import stem
from mantissa.lake.plan import PARSER_VERSION, Plan, plan_from_json, require_runnable
from mantissa.model import Counts, DataFile, Manifest
from mantissa.sources.record import Limits

PLAN = Plan(
    source="gate",
    spec="0123456789ab",
    nearest=(),
    parser=PARSER_VERSION,
    split_rows=3,
    split_bytes=1 << 20,
    limits=asdict(Limits()),
    writer="pyarrow 1",
    source_object="in/a.log",
    etag="e",
    size=7,
    modified="2026-11-20T12:00:00+00:00",
)
DECIDING = {
    "source": "other",
    "spec": "ba9876543210",
    "split_rows": 4,
    "split_bytes": 9,
    "limits": asdict(Limits(max_line=9)),
    "parser": PARSER_VERSION + 1,
    "modified": "2026-11-20T12:00:01+00:00",
    "generation": 1,
}


def test_what_decides_over_rows_decides_over_names() -> None:
    names = {stem("ab" * 32, replace(PLAN, **{name: value})) for name, value in DECIDING.items()}
    assert len(names | {stem("ab" * 32, PLAN)}) == len(DECIDING) + 1


def test_names_do_not_depend_on_where_the_object_lies_or_on_the_writer() -> None:
    moved = replace(PLAN, source_object="elsewhere", writer="pyarrow 2")
    assert stem("ab" * 32, moved) == stem("ab" * 32, PLAN)


def test_a_plan_comes_back_from_the_ledger() -> None:
    plan = replace(PLAN, nearest=("okta", "github"))
    assert plan_from_json(plan.to_json()) == plan
    assert plan.ingest_time.isoformat() == plan.modified


def test_a_field_of_a_later_version_is_left_out() -> None:
    assert plan_from_json(PLAN.to_json() | {"colour": "blue"}) == PLAN


def test_a_field_unknown_to_an_earlier_version_has_its_default() -> None:
    earlier = {k: v for k, v in PLAN.to_json().items() if k != "generation"}
    assert plan_from_json(earlier).generation == 0


def test_a_plan_of_another_parser_is_readable_and_not_runnable() -> None:
    other = plan_from_json(PLAN.to_json() | {"parser": PARSER_VERSION + 1})
    with pytest.raises(SourceError, match=r"in/a\.log is half ingested by parser version"):
        require_runnable(other)
    assert require_runnable(PLAN) is PLAN


FILE = DataFile("lake/gate/x", "gate", "2026-11-18", 2, 9, "a", "b", {"event_id": 4})


def test_a_manifest_comes_back_and_has_one_form() -> None:
    counts = Counts(4, 2, 1, 1, {"bad_time": 1}, {"heartbeat": 1})
    manifest = Manifest("ab" * 32, "gate", "in/a.log", (FILE,), counts, ("quarantine/x",), 7)
    data = encode_manifest(manifest)
    assert decode_manifest(data) == manifest
    assert encode_manifest(decode_manifest(data)) == data
    assert manifest_key(manifest.identity, PLAN.short).startswith("manifest/" + "ab" * 16 + "-")


TALLY = st.dictionaries(st.sampled_from(["bad_time", "depth", "bigint"]), st.integers(1, 9))


@given(st.lists(st.tuples(st.integers(0, 9), TALLY, TALLY), max_size=6))
def test_counts_add_up_and_stay_balanced(parts: list[tuple[int, dict, dict]]) -> None:  # type: ignore[type-arg]
    total = Counts()
    for rows, bad, skipped in parts:
        quarantined, filtered = sum(bad.values()), sum(skipped.values())
        records = rows + quarantined + filtered
        total = add_counts(total, Counts(records, rows, quarantined, filtered, bad, skipped))
    assert total.balanced
    assert sum(total.reasons.values()) == total.quarantined
    assert sum(total.filtered_by.values()) == total.filtered
    assert not add_counts(total, replace(total, rows=total.rows + 1)).balanced
