"""An engine that refuses one rule: it is found by halving, and stands alone from then on."""

from __future__ import annotations

import re

from mantissa.errors import EngineRejected
from support.detect_world import World
from support.detection import prepared, rule

BROKEN = 9


def rules() -> list[str]:
    texts = [rule(f"s: {{name: n{n}}}\ncondition: s", number=n) for n in range(BROKEN)]
    return [*texts, rule("s: {name: broken}\ncondition: s", number=BROKEN)]


def refuses(sql: str, files: tuple[str, ...]) -> EngineRejected | None:
    return EngineRejected("no such function") if "'broken'" in sql else None


def test_what_a_run_learnt_by_halving_the_next_run_remembers() -> None:
    world = World()
    world.engine.errors = refuses
    asked = []
    for name in ("n1", "n2"):
        world.commit({"name": name})
        world.engine.queries.clear()
        report = world.detection(prepared(*rules())).run()
        assert [f.code for f in report.failed] == ["engine_rejected"]
        judging = [sql for sql, _ in world.engine.queries if "'n" in sql or "'broken'" in sql]
        asked.append([("'broken'" in sql, len(re.findall(r"THEN \d", sql))) for sql in judging])
    first, second = asked
    assert sum(broken for broken, _ in first) > 2
    assert first[0] == (True, BROKEN + 1)
    assert (False, BROKEN) in second
    assert all(count == 1 for broken, count in second if broken)
