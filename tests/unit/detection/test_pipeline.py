"""From a rule's log source to the tables that carry it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mantissa.detection.dialects import DUCKDB
from mantissa.detection.pipeline import find_targets
from mantissa.detection.prepare import prepare
from mantissa.detection.rule import LogSource
from mantissa.sources.definition import SigmaLogsource
from mantissa.sources.spec import SigmaLogsource as Exported
from support.detection import SPEC, SPEC_TEXT, load_spec, parsed, rule


def serving(*entries: tuple[str | None, str | None, str | None]) -> object:
    made = tuple(SigmaLogsource(*entry, when={"name": (str(entry),)}) for entry in entries)
    return replace(SPEC, sigma=made)


AUDIT = ("kubernetes", "audit", None)
SECURITY = ("windows", "security", None)
PROCESS = ("windows", None, "process_creation")
WEB = ("nginx", None, "webserver")
ALL = ("windows", None, None)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (("windows", "security", None), [SECURITY]),
        (("Windows", "SECURITY", None), [SECURITY]),
        (("windows", None, "process_creation"), [PROCESS]),
        (("windows", None, None), [SECURITY, PROCESS, ALL]),
        (("windows", "sysmon", None), [ALL]),
        (("windows", None, "image_load"), [ALL]),
        (("kubernetes", "audit", "application"), [AUDIT]),
        ((None, None, "webserver"), [WEB]),
        ((None, "audit", None), [AUDIT]),
        (("linux", None, "process_creation"), []),
        (("linux", None, None), []),
    ],
)
def test_entries_as_specific_as_the_rule_serve_it(
    wanted: tuple[str | None, ...], found: list[tuple[str | None, ...]]
) -> None:
    source = serving(AUDIT, SECURITY, PROCESS, WEB, ALL)
    targets = find_targets(LogSource(*wanted), [source])
    conditions = [when["name"][0] for target in targets for when in target.when]
    assert conditions == [str(entry) for entry in found]


def test_an_entry_without_a_condition_serves_every_row() -> None:
    source = replace(
        SPEC,
        sigma=(SigmaLogsource("a", "b", None, {"name": ("x",)}), SigmaLogsource("a", "c", None)),
    )
    (target,) = find_targets(LogSource("a", None, None), [source])
    assert target.when == ()
    assert Exported is SigmaLogsource


def test_a_rule_without_a_table_waits() -> None:
    ready = prepare(
        parsed(rule("s: {name: x}\ncondition: s", logsource="service: none")), [SPEC], DUCKDB
    )
    assert [r.info.title for r in ready.waiting] == ["rule 1"]
    assert ready.predicates == ready.refused == ()
    assert ready.state_of(ready.waiting[0].info.id) == "waits_for_source"


def test_a_source_that_lacks_a_field_is_left_out_when_another_has_it() -> None:
    text = SPEC_TEXT.replace("name: gate", "name: fence").replace("path: cmd,", "path: other,")
    fence = load_spec(text, "fence/source.yaml")
    both = rule("s: {name: x}\ncondition: s", number=1)
    one = rule("s: {cmd: x}\ncondition: s", number=2)
    neither = rule("s: {nothing: x}\ncondition: s", number=3)
    ready = prepare(parsed(both, one, neither), [SPEC, fence], DUCKDB)
    sources = [(p.rule.info.title, p.source.name) for p in ready.predicates]
    assert sources == [("rule 1", "gate"), ("rule 1", "fence"), ("rule 2", "gate")]
    (refused,) = ready.refused
    assert "gate has no field" in refused.reason
    assert "fence has no field" in refused.reason
