"""How far techniques are covered, and the layer that the Navigator shows of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mantissa.detection.coverage import (
    Coverage,
    Evidence,
    State,
    coverage,
    tactics_of,
    techniques_of,
)
from mantissa.detection.dialects import DUCKDB
from mantissa.detection.navigator import COLORS, layer
from mantissa.detection.prepare import prepare
from support.detection import IDS, SPEC, parsed, rule

NAMED = "s: {name: bob}\ncondition: s"
NOWHERE = "product: vax"


def tagged(number: int, *tags: str, more: str = "", **options: Any) -> str:
    head = f"tags: [{', '.join(f'attack.{tag}' for tag in tags)}]\n{more}"
    return rule(NAMED, number=number, head=head, **options)


def measured(
    *texts: str,
    passing: tuple[int, ...] = (),
    tables: set[str] | None = None,
    library: tuple[str, ...] = (),
) -> Coverage:
    rules = parsed(*texts)
    ready = prepare(rules, [SPEC], DUCKDB)
    evidence = Evidence({IDS[n] for n in passing}, tables)
    return coverage(rules, ready, [SPEC], evidence, parsed(*library) if library else None)


def states(found: Coverage) -> dict[str, str]:
    return {t["id"]: t["state"] for t in found.to_json()["techniques"]}


OFF = "mantissa: {enabled: false}\n"


def test_a_technique_is_as_far_as_its_best_rule() -> None:
    found = measured(
        tagged(1, "persistence", "t1098"),
        tagged(2, "persistence", "t1098", "t1078.004"),
        tagged(3, "impact", "t1485", more=OFF),
        tagged(4, "impact", "t1486").replace("product: gate", NOWHERE),
        passing=(2,),
    )
    assert states(found) == {
        "T1078.004": "validated",
        "T1098": "validated",
        "T1485": "telemetry",
        "T1486": "none",
    }
    assert states(measured(tagged(1, "persistence", "t1098"))) == {"T1098": "enabled"}


def test_a_rule_that_is_not_enabled_validates_nothing() -> None:
    found = measured(tagged(3, "impact", "t1485", more=OFF), passing=(3,))
    assert states(found) == {"T1485": "telemetry"}


def test_telemetry_is_a_source_with_rows_where_there_is_a_lake() -> None:
    off = tagged(3, "impact", "t1485", more=OFF)
    assert states(measured(off, tables=set())) == {"T1485": "none"}
    assert states(measured(off, tables={"gate"})) == {"T1485": "telemetry"}


@pytest.mark.parametrize(
    ("tables", "has_data", "without"), [(None, None, 0), (set(), False, 1), ({"gate"}, True, 0)]
)
def test_rules_without_data_are_counted_apart(
    tables: set[str] | None, has_data: bool | None, without: int
) -> None:
    found = measured(tagged(1, "impact", "t1485"), tables=tables).to_json()
    assert found["techniques"][0]["has_data"] is has_data
    assert found["totals"]["without_data"] == without
    assert found["totals"]["enabled"] == 1


def test_a_library_adds_what_could_be_covered_and_never_counts_a_rule_twice() -> None:
    here = tagged(1, "impact", "t1485")
    more = (here, tagged(2, "impact", "t1490"), tagged(3, "impact", "t1485"))
    found = measured(here, library=more)
    assert states(found) == {"T1485": "enabled", "T1490": "telemetry"}
    assert [t.known for t in found.techniques] == [1, 1]


def test_a_member_of_a_correlation_covers_nothing_by_itself() -> None:
    correlation = (
        f"title: many\nid: {IDS[50]}\nlevel: high\ntags: [attack.impact, attack.t1499]\n"
        f"correlation:\n  type: event_count\n  rules: [{IDS[1]}]\n  timespan: 10m\n"
        "  condition: {gte: 3}\n"
    )
    found = measured(tagged(1, "impact", "t1485"), correlation, passing=(50,))
    assert states(found) == {"T1485": "telemetry", "T1499": "validated"}
    assert found.to_json()["techniques"][1]["sources"] == ["gate"]


def test_tactics_are_counted_in_the_order_of_the_matrix() -> None:
    found = measured(
        tagged(1, "impact", "t1485"),
        tagged(2, "persistence", "privilege_escalation", "t1098", "t1078"),
        passing=(2,),
    )
    tactics = found.to_json()["tactics"]
    assert [t["id"] for t in tactics] == ["persistence", "privilege-escalation", "impact"]
    assert [(t["techniques"], t["validated"], t["enabled"]) for t in tactics] == [
        (2, 2, 0),
        (2, 2, 0),
        (1, 0, 1),
    ]
    assert found.to_json()["totals"]["techniques"] == 3


def test_tags_are_read_in_every_spelling() -> None:
    tags = ["attack.T1059.001", "attack.t1059", "attack.s0002", "attack.g0001", "cve.2021-1"]
    assert techniques_of(tags) == ["T1059.001", "T1059"]
    assert tactics_of(["attack.lateral_movement", "attack.impact", "attack.t1059"]) == {
        "lateral-movement",
        "impact",
    }


REQUIRED = {"name": str, "versions": dict, "domain": str}
"""Keys that the layer file format 4.5 demands, and some that we fill."""


def test_the_layer_has_what_the_format_demands() -> None:
    found = measured(
        tagged(1, "impact", "t1485"),
        tagged(3, "impact", "t1490", more=OFF),
        passing=(1,),
        tables={"gate"},
    )
    document = json.loads(json.dumps(layer(found, {IDS[1]: "Bob came"}, "mine")))
    assert {key: type(document[key]) for key in REQUIRED} == REQUIRED
    assert re.fullmatch(r"4\.\d+", document["versions"]["layer"])
    assert document["domain"] == "enterprise-attack"
    assert {item["color"] for item in document["legendItems"]} == set(COLORS.values())
    assert (document["gradient"]["minValue"], document["gradient"]["maxValue"]) == (0, 3)
    for technique in document["techniques"]:
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", technique["techniqueID"])
        assert re.fullmatch(r"#[0-9a-f]{6}", technique["color"])
        assert isinstance(technique["score"], int) and 0 <= technique["score"] <= 3
        assert all(set(m) == {"name", "value"} and m["value"] for m in technique["metadata"])
    first = document["techniques"][0]
    assert (first["techniqueID"], first["score"]) == ("T1485", State.VALIDATED.rank)
    assert "Bob came" in first["comment"]


def test_the_comment_of_a_technique_with_many_rules_is_short() -> None:
    found = measured(*(tagged(n, "impact", "t1485") for n in range(1, 40)))
    comment = layer(found, {}, "mine")["techniques"][0]["comment"]
    assert comment.endswith("and 19 more")
