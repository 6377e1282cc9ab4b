"""Whether rules would run: each is compiled for every dialect, and what is refused is listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mantissa.detection.dialects import DUCKDB, TRINO, Dialect
from mantissa.detection.doubt import Doubt, doubtful
from mantissa.detection.pipeline import FieldBinder
from mantissa.detection.prepare import Prepared, prepare
from mantissa.detection.rule import Refusal, RuleSet
from mantissa.detection.slow_regex import slow


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `rules check` and `rules import` say.

    Args:
        rules: rules read, refused ones included.
        runs: rules that run in every dialect.
        waiting: rules whose log source no source carries.
        compiled: dialect → rules that compile for it.
        doubts: fields that are likely slips, and expressions that are slow on Athena.
    """

    rules: int
    runs: int
    waiting: int
    disabled: int
    refused: tuple[Refusal, ...]
    compiled: dict[str, int]
    doubts: tuple[Doubt, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was refused."""
        return not self.refused

    def to_json(self) -> dict[str, Any]:
        """Return the `rules check` command's JSON."""
        refused = [
            {"id": r.id, "path": r.path, "line": r.line, "reason": r.reason} for r in self.refused
        ]
        return {
            "rules": self.rules,
            "ok": self.runs,
            "runs": self.runs,
            "waits_for_source": self.waiting,
            "disabled": self.disabled,
            "refused": refused,
            "compiled": self.compiled,
        }


def check_rules(
    rules: RuleSet, sources: Iterable[FieldBinder], dialects: Sequence[Dialect] = (DUCKDB, TRINO)
) -> CheckReport:
    """Compile rules for every dialect; a rule is refused once, with its first reason."""
    known = tuple(sources)
    made = [prepare(rules, known, dialect) for dialect in dialects]
    refused = {(r.id, r.path, r.line): r for prepared in reversed(made) for r in prepared.refused}
    running = set.intersection(*(set(prepared.infos) for prepared in made))
    return CheckReport(
        rules=len(rules.rules) + len(rules.correlations) + len(rules.refused),
        runs=len(running),
        waiting=len(made[0].waiting),
        disabled=len(made[0].disabled),
        refused=tuple(refused.values()),
        compiled={prepared.dialect.name: _count(prepared) for prepared in made},
        doubts=tuple(dict.fromkeys([*doubtful(made[0].predicates), *slow(made[0].rules.values())])),
    )


def _count(prepared: Prepared) -> int:
    return len(prepared.infos)
