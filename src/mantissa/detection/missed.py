"""What rules failed to judge is not forgotten: it is made good when the rule can run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from mantissa.detection.execute import RuleFailure
from mantissa.detection.journal import MISSED, Missed, files_of, missed_from
from mantissa.detection.prepare import Prepared
from mantissa.errors import EngineRejected
from mantissa.ports import Clock, Delete, Item, Put, StateStore, Write

FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(days=1)


class Remembering(Protocol):
    """The ports needed to look at what was missed."""

    @property
    def state(self) -> StateStore:
        """Where missed records are."""
        ...

    @property
    def clock(self) -> Clock:
        """What time it is."""
        ...


def sql_digest(prepared: Prepared, rule_id: str) -> str:
    """Return what changes when a rule's SQL changes."""
    texts = sorted(p.text for p in prepared.predicates if p.rule.info.id == rule_id)
    texts += [c.info.version for c in prepared.correlations if c.info.id == rule_id]
    return sha256("\0".join(texts).encode()).hexdigest()[:12]


def due(ports: Remembering, prepared: Prepared) -> Iterator[tuple[Item, Missed]]:
    """Yield missed records worth another try: the rule runs, and it or the time has changed."""
    infos = prepared.infos
    for item in ports.state.query(MISSED):
        missed = missed_from(item)
        if missed.rule_id not in infos:
            continue
        changed = missed.sql != sql_digest(prepared, missed.rule_id)
        waited = missed.code != EngineRejected.code and missed.next_try <= ports.clock.now()
        if changed or waited:
            yield item, missed


def missed_writes(
    made_good: Sequence[tuple[Item, Missed]],
    failures: Sequence[RuleFailure],
    digests: Mapping[str, str],
    stamp: tuple[str, datetime],
) -> Iterator[Write]:
    """Record what rules failed on in this run, and drop the records it made good.

    Args:
        digests: rule that failed → digest of the SQL that did.
        stamp: the run's id and the present time.
    """
    run_id, now = stamp
    for item, _ in made_good:
        yield Delete(MISSED, item.key, item.version)
    for rule_id in sorted({failure.rule_id for failure in failures}):
        own = [failure for failure in failures if failure.rule_id == rule_id]
        before = [missed for _, missed in made_good if missed.rule_id == rule_id]
        attempts = 1 + max((missed.attempts for missed in before), default=0)
        record = Missed(
            rule_id=rule_id,
            code=own[0].code,
            reason=own[0].reason,
            files=files_of(own),
            sql=digests[rule_id],
            attempts=attempts,
            since=min((missed.since for missed in before), default=now),
            next_try=now + min(FIRST_WAIT * 2 ** min(attempts - 1, 12), LONGEST_WAIT),
        )
        yield Put(MISSED, f"{rule_id}/{run_id}", record.to_json(), None)
