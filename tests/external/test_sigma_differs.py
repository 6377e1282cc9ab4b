"""Our SQL against a plain evaluator of pySigma's conditions, over what the public rules ask for.

Every rule is judged on an event made for it and on variants of that: a field gone, letters in
another case, wildcards' characters, backslashes, quotes, line ends, NUL, long values. Values are
texts. The evaluator is `sigma_reference.py` beside the shared data; where it means another thing
than Sigma does, the difference is named here.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.dialects import DUCKDB, TRINO, Dialect
from mantissa.detection.load import load_rules
from mantissa.detection.rule import RuleSet
from mantissa.detection.trial import OpenRows, Trial, judge
from mantissa.sources.schema import arrow_schema
from support.emulators import Emulator
from support.sigma_everyfield import compiled
from support.sigma_witness import Event, variants, witness
from support.trino import Trino
from support.trino_rows import OnTrino

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> ModuleType:
    path = shared_data.parent / "tools" / "sigma_reference.py"
    if not path.is_file():
        pytest.skip(f"{path} is absent")
    spec = importlib.util.spec_from_file_location("sigma_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rules(shared_data: Path) -> RuleSet:
    return load_rules([shared_data / "sigmahq"])


class Differs:
    """Events with the rule each is made for, and what the evaluator says of that pair."""

    def __init__(self, rules: RuleSet, reference: ModuleType, which: slice) -> None:
        random = Random(20261123)
        self.rules = RuleSet(rules.rules[which])
        self.events: list[tuple[str, Event]] = []
        self.expected: list[bool] = []
        for rule in self.rules.rules:
            for event in variants(witness(rule, random), random):
                try:
                    said = any(reference.fires(tree, event) for tree in rule.conditions)
                except ValueError:  # a placeholder
                    continue
                self.events.append((rule.info.id, event))
                self.expected.append(said)

    def found(self, dialect: Dialect, open_rows: Any) -> list[bool]:
        """Judge all events by all rules; say of each whether the rule it is made for fires."""
        made, _ = compiled(self.rules, dialect)
        source, trial = made[0].source, Trial()
        names = {name: b.column for p in made for name, b in p.bindings.items()}
        rows = [self._row(place, event, names) for place, (_, event) in enumerate(self.events)]
        table = pa.Table.from_pylist(rows, schema=arrow_schema(source.table))
        opened: OpenRows = open_rows(source.table)
        judge({source.table.name: table}, made, dialect, opened, trial)
        assert trial.failures == []
        places = range(len(self.events))
        return [self.events[place][0] in trial.fired.get(place, ()) for place in places]

    @staticmethod
    def _row(place: int, event: Event, names: dict[str, str]) -> dict[str, Any]:
        raw = "\n".join(map(str, event.values()))
        return {"event_id": f"{place:064x}", "raw": raw} | {
            names[name]: value for name, value in event.items() if name in names
        }

    def differences(self, found: list[bool]) -> list[tuple[str, bool, Event]]:
        """Return what differs for no known reason."""
        pairs = zip(self.events, found, self.expected, strict=True)
        found_so = [(rule, ours, event) for (rule, event), ours, said in pairs if ours != said]
        return [d for d in found_so if d[1] or not any(map(is_padded, d[2].values()))]


def is_padded(text: str) -> bool:
    """Tell a number with blanks around it, which Python reads as one and Sigma's text is not."""
    return re.fullmatch(r"\s+[+-]?[0-9.]+\s*|[+-]?[0-9.]+\s+", text) is not None


def test_duckdb_says_what_the_evaluator_says(rules: RuleSet, reference: ModuleType) -> None:
    case = Differs(rules, reference, slice(0, None, 4))
    found = case.found(DUCKDB, lambda table: RowsEngine)
    assert case.differences(found) == []
    fired = {rule for (rule, _), said in zip(case.events, found, strict=True) if said}
    assert (len(case.rules.rules), len(fired) > 870, sum(found) > 3_100) == (939, True, True)


def test_trino_says_what_the_evaluator_says(
    rules: RuleSet, reference: ModuleType, trino: Trino, ministack: Emulator
) -> None:
    case = Differs(rules, reference, slice(2, None, 6))
    found = case.found(TRINO, lambda table: OnTrino(trino, ministack, [table]))
    assert case.differences(found) == []
    assert sum(found) > 1_900
