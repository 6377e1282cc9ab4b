"""What a run has come to: in memory while it is worked out, and as the document that it stands by.

Once a run is decided, its answer is carried out as it was given, also by a worker that has other
rules by then: so the document holds all that would otherwise be asked of the rules again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec
import orjson
import pyarrow as pa

from mantissa.detection.crossings import crossings_from, crossings_json
from mantissa.detection.execute import Evaluation, RuleFailure, merged
from mantissa.detection.journal import Missed, Pin, Report
from mantissa.detection.ways import Way
from mantissa.model import Finding, RuleInfo
from mantissa.ports import Item, Put


@dataclass(slots=True)
class Work:
    """One run's answers before they are true.

    Args:
        matches: rows of the table `matches`, each table of one correlation.
        crossings: what is to be remembered of correlations' findings.
        taken: version of the pin with which this worker took up the run.
        staged: where a file of findings waits → its key in the lake.
        infos: the rules that found something, as they were then.
        digests: rule that failed → digest of the SQL that failed.
        taken_up: whether another worker began the run.
        quick: the embedded engine, where it judges the run.
        engines: names of the engines that judged.
    """

    pin: Pin
    items: list[Item]
    made_good: list[tuple[Item, Missed]]
    findings: dict[str, Finding] = field(default_factory=dict)
    done: Evaluation = field(default_factory=Evaluation)
    evaluated: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    matches: list[pa.Table] = field(default_factory=list)
    crossings: list[Put] = field(default_factory=list)
    taken: int = 0
    staged: dict[str, str] = field(default_factory=dict)
    infos: dict[str, RuleInfo] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    taken_up: bool = False
    quick: Way | None = None
    engines: set[str] = field(default_factory=set)


def settlement_json(work: Work, report: Report) -> bytes:
    """Write down what a run has come to."""
    said = {
        "report": report.to_json(),
        "files": work.files,
        "staged": work.staged,
        "failures": [asdict(f) for f in merged(work.done.failures)],
        "evaluated": sorted(work.evaluated),
        "crossings": crossings_json(work.crossings),
        "infos": msgspec.to_builtins(work.infos),
        "digests": work.digests,
    }
    return orjson.dumps(said)


def recall(work: Work, data: bytes) -> Report:
    """Read back what a run has come to; returns its report."""
    said = orjson.loads(data)
    work.files, work.staged = said["files"], said["staged"]
    work.done.failures = [
        RuleFailure(**{**f, "files": tuple(f["files"])}) for f in said["failures"]
    ]
    work.crossings = crossings_from(said["crossings"])
    work.evaluated = set(said["evaluated"])
    work.infos = msgspec.convert(said["infos"], dict[str, RuleInfo])
    work.digests = said["digests"]
    return _report(said["report"], tuple(work.done.failures), tuple(work.files))


def _report(
    value: Mapping[str, Any], failed: tuple[RuleFailure, ...], files: tuple[str, ...]
) -> Report:
    names = ("run", "objects_judged", "findings", "alerts", "bytes_scanned", "seconds")
    numbers = {name: value[name] for name in names}
    return Report(
        **numbers,
        evaluated=value["rules"]["evaluated"],
        failed=failed,
        engines=tuple(value.get("engines", ())),
        files=files,
    )
