"""The public Sigma collection in the form in which it runs: both engines take every rule.

All rules are compiled against one table with a text column for each field, fused as a run would
fuse them, and executed over a few rows. `EXPLAIN (TYPE VALIDATE)` would not do: on Trino 476 it says
yes to 1,500 ORed pairs of LIKEs that fail with QUERY_EXCEEDED_COMPILER_LIMIT when they run. A
refused query is halved until the rule to blame stands alone.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.dialects import DUCKDB, TRINO, Dialect
from mantissa.detection.load import load_rules
from mantissa.detection.prepare import Predicate
from mantissa.detection.rule import RuleSet
from mantissa.detection.trial import OpenRows, Trial, judge
from mantissa.model import Table
from mantissa.sources.schema import arrow_schema
from support.emulators import Emulator
from support.sigma_everyfield import compiled
from support.trino import Trino
from support.trino_rows import OnTrino

pytestmark = pytest.mark.timeout(1200)

UNEXPANDED = {
    "win_security_adcs_certighost_cdc_chase_request.yml",
    "win_security_adcs_certighost_cert_issued_via_chase.yml",
}
TEXTS = (None, "", "x", r"C:\Windows\System32\cmd.exe /c 'whoami' %_", "10.1.2.3", "4688")


@pytest.fixture(scope="module")
def rules(shared_data: Path) -> RuleSet:
    return load_rules([shared_data / "sigmahq"])


def few_rows(table: Table, rules: RuleSet) -> pa.Table:
    """Return rows of which each holds one text in every column: some are rules, which name values."""
    texts = [*TEXTS, *(rule.text for rule in rules.rules[::100])]
    schema = arrow_schema(table)
    columns = {field.name: pa.nulls(len(texts), field.type) for field in schema}
    columns |= {f.name: pa.array(texts, f.type) for f in schema if pa.types.is_string(f.type)}
    columns["event_id"] = pa.array([f"{n:064x}" for n in range(len(texts))])
    return pa.table(columns, schema=schema)


def judged(rules: RuleSet, made: list[Predicate], dialect: Dialect, open_rows: OpenRows) -> Trial:
    """Judge the few rows."""
    trial, table = Trial(), made[0].source.table
    judge({table.name: few_rows(table, rules)}, made, dialect, open_rows, trial)
    return trial


def test_duckdb_takes_every_rule(rules: RuleSet) -> None:
    made, refused = compiled(rules, DUCKDB)
    assert (refused, len(made)) == (UNEXPANDED, 3_752)
    trial = judged(rules, made, DUCKDB, RowsEngine)
    assert trial.failures == []
    assert len(set().union(*trial.fired.values())) > 40


def test_trino_takes_every_rule_and_says_what_duckdb_says(
    rules: RuleSet, trino: Trino, ministack: Emulator
) -> None:
    made, refused = compiled(rules, TRINO)
    assert (refused, len(made)) == (UNEXPANDED, 3_752)
    on_trino = OnTrino(trino, ministack, [made[0].source.table])
    trial = judged(rules, made, TRINO, on_trino)
    assert trial.failures == []
    here, _ = compiled(rules, DUCKDB)
    assert trial.fired == judged(rules, here, DUCKDB, RowsEngine).fired
    assert on_trino.queries <= 40
