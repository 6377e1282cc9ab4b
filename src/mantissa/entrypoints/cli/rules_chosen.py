"""Which rules a command is about: one by its id, those of some files, or all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mantissa.bootstrap.local import LocalApp
    from mantissa.detection.correlation import Correlation
    from mantissa.detection.rule import Rule, RuleSet


def find_rule(known: RuleSet, rule_id: str) -> Rule | Correlation:
    """Return the rule of an id or of its beginning. Raises `ConfigError`."""
    every: tuple[Rule | Correlation, ...] = (*known.rules, *known.correlations)
    found = [rule for rule in every if rule.info.id == rule_id]
    found = found or [rule for rule in every if rule.info.id.startswith(rule_id)]
    if len(found) == 1:
        return found[0]
    for refusal in known.refused:
        if refusal.id and refusal.id.startswith(rule_id):
            raise ConfigError(f"the rule was refused: {refusal.reason}", where=refusal.path)
    problem = f"{len(found)} rules have ids beginning with" if found else "no rule has the id"
    raise ConfigError(f"{problem} {rule_id!r}", fix="see: mantissa rules list")


def chosen(app: LocalApp, paths: Sequence[Path] | None) -> RuleSet:
    """Return the rules of these files and folders, else all that are enabled.

    An exception among them may be about a rule elsewhere; then that rule comes along.
    """
    if not paths:
        return app.rules
    from mantissa.detection.exceptions import NO_RULE
    from mantissa.detection.load import load_rules

    found = load_rules(paths, today=app.clock.now().date())
    orphans = {Path(r.path).resolve() for r in found.refused if r.reason == NO_RULE}
    return app.given(_with_orphans(app, found, orphans) if orphans else found)


def _with_orphans(app: LocalApp, found: RuleSet, orphans: set[Path]) -> RuleSet:
    """Look for the rules of exceptions among all that are enabled."""
    from mantissa.bootstrap.app import library_rules
    from mantissa.detection.exceptions import NO_RULE
    from mantissa.detection.load import load_rules

    own = [(app.home / path).resolve() for path in app.settings.detection.rules]
    own = [path for path in own if path.is_dir()]
    strange = [o for o in orphans if not any(o.is_relative_to(path) for path in own)]
    library = [library_rules()] if app.settings.detection.library else []
    every = load_rules(library, [*own, *strange], app.clock.now().date())
    placed = [e for e in every.exceptions if Path(e.path).resolve() in orphans]
    settled = {Path(exception.path).resolve() for exception in placed}
    known = {rule.info.id for rule in found.rules}
    joined = [r for r in every.rules if r.info.id not in known and {*r.exceptions} & {*placed}]
    return replace(
        found,
        rules=(*found.rules, *joined),
        exceptions=(*found.exceptions, *placed),
        refused=tuple(
            refusal
            for refusal in found.refused
            if refusal.reason != NO_RULE or Path(refusal.path).resolve() not in settled
        ),
    )
