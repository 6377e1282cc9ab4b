"""What `mantissa doctor` says of detection: rules that cannot fire, silent sources, late judging."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from mantissa.detection.prepare import Prepared
from mantissa.detection.vitals import Books, hopeless_rules, silent_sources
from mantissa.lake.books import PENDING
from mantissa.model import Check
from mantissa.ports import StateStore

ENOUGH_ROWS = 1_000
"""Rows of a source from which on it says something that a field never held a value."""
PATIENCE = timedelta(hours=1)
"""Age at which rows that no rule has judged are late."""
NAMED = 3


def checkup(prepared: Prepared, books: Books) -> Iterator[Check]:
    """Look at what rules need and at what sources bring."""
    yield from _fields(prepared, books)
    yield from _sources(prepared, books)


def _fields(prepared: Prepared, books: Books) -> Iterator[Check]:
    """Name each field that nobody fills once, with the rules that need it."""
    hopeless = hopeless_rules(prepared, books, ENOUGH_ROWS)
    days = books.look.back.days
    if not hopeless:
        detail = f"no rule needs a field that held no value in {days} days"
        yield Check("rules can fire", True, detail)
    titles = {rule_id: info.title for rule_id, info in prepared.infos.items()}
    for (source, why), rule_ids in hopeless.items():
        named = "; ".join(titles[rule_id] for rule_id in rule_ids[:NAMED])
        more = f" and {len(rule_ids) - NAMED} more" if len(rule_ids) > NAMED else ""
        detail = f"{source}: {why}; needed by {named}{more}"
        fix = "log what is missing, or disable the rules: mantissa rules list"
        yield Check("rule cannot fire", False, detail, fix)


def _sources(prepared: Prepared, books: Books) -> Iterator[Check]:
    silent = silent_sources(prepared, books)
    if not silent:
        yield Check("sources bring rows", True, "none that brought rows has stopped")
    for source, why in silent.items():
        fix = "see whether its logs still arrive; how long is fine: silent_after in [detection]"
        yield Check("source silent", False, f"{source}: {why}", fix)


def pending_check(state: StateStore, now: datetime) -> Check:
    """Say how many objects no rule has judged, and whether one of them waits for too long."""
    times = [item.value.get("committed_at", "") for item in state.query(PENDING)]
    oldest = min((datetime.fromisoformat(text) for text in times if text), default=now)
    detail = f"{len(times):,} objects are not judged yet"
    late = now - oldest > PATIENCE
    if late:
        detail += f", one of them since {oldest.isoformat(timespec='seconds')}"
    return Check("pending", not late, detail, "mantissa detect" if times else "")
