"""Somebody else's rule files taken into one's own folder, again and again as they change there.

What was taken is remembered with its digest. So a file that was changed here since is told from
one that is merely older, and one that was deleted here does not come back by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from mantissa.detection.intake import REFUSED, Intake
from mantissa.errors import ConfigError

MEMORY = ".imported.json"
"""Name of the file that remembers what was taken; no rule file's name ends like it."""
RETIRED = frozenset({"deprecated", "unsupported"})
"""Sigma's statuses of rules that their authors say should not run."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a collection is to be taken.

    Args:
        files: names of files that hold a rule worth taking.
        retired: names of files all of whose rules are retired.
        elsewhere: file's name → where one of its rules' ids is in use already.
    """

    files: frozenset[str]
    retired: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with each file, by its name relative to the folder.

    Args:
        write: file → content.
        kept: changed here since they were taken.
        deleted: deleted here since they were taken.
        gone: taken before and no longer in the collection, or no longer worth taking.
        memory: text of the file that remembers all this.
    """

    new: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    kept: tuple[str, ...]
    deleted: tuple[str, ...]
    gone: tuple[str, ...]
    write: Mapping[str, bytes] = field(repr=False)
    memory: str = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return counts of what is plain and lists of what needs a look."""
        return {
            "new": len(self.new),
            "updated": len(self.updated),
            "unchanged": len(self.unchanged),
            "kept": list(self.kept),
            "deleted_here": list(self.deleted),
            "gone": list(self.gone),
        }


def choose(intake: Intake, filters: Iterable[str], used: Mapping[str, str]) -> Wanted:
    """Choose the files to take: rules that run, and those that will when their source comes.

    Args:
        filters: files of filters that apply to the rules.
        used: id of a rule that is one's own already → where it is.
    """
    good: set[str] = set()
    retired: set[str] = set()
    elsewhere: dict[str, str] = {}
    for rule in intake.judged:
        if rule.state == REFUSED:
            continue
        if rule.id in used:
            elsewhere[rule.path] = used[rule.id]
        (retired if rule.status in RETIRED else good).add(rule.path)
    files = frozenset({*good, *filters}) - elsewhere.keys()
    return Wanted(files, tuple(sorted(retired - good)), elsewhere)


def plan(
    incoming: Mapping[str, bytes], present: Mapping[str, bytes], memory: str, *, force: bool = False
) -> Plan:
    """Compare what comes in with what is there and what was taken before.

    Args:
        present: files of the folder by name.
        memory: text of its `MEMORY`; empty if nothing was taken yet.
        force: whether changed and deleted files are taken all the same.
    """
    before = _remembered(memory)
    groups: dict[str, list[str]] = {n: [] for n in ("new", "updated", "unchanged", "kept", "del")}
    for name, content in sorted(incoming.items()):
        groups[_fate(content, present.get(name), before.get(name), force=force)].append(name)
    write = {name: incoming[name] for name in (*groups["new"], *groups["updated"])}
    gone = sorted(name for name in before.keys() - incoming.keys() if name in present)
    taken = {**before, **{name: _digest(incoming[name]) for name in (*write, *groups["unchanged"])}}
    return Plan(
        new=tuple(groups["new"]),
        updated=tuple(groups["updated"]),
        unchanged=tuple(groups["unchanged"]),
        kept=tuple(groups["kept"]),
        deleted=tuple(groups["del"]),
        gone=tuple(gone),
        write=write,
        memory=json.dumps({"files": dict(sorted(taken.items()))}, indent=0) + "\n",
    )


def _fate(content: bytes, there: bytes | None, taken: str | None, *, force: bool) -> str:
    if there is None:
        return "new" if taken is None or force else "del"
    if there == content:
        return "unchanged"
    return "updated" if force or _digest(there) == taken else "kept"


def _remembered(memory: str) -> dict[str, str]:
    if not memory:
        return {}
    try:
        files = json.loads(memory)["files"]
        return {_safe(str(name)): str(digest) for name, digest in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        fix = "restore the file, or delete it: changed rules are then told by --force alone"
        raise ConfigError("what was imported cannot be read", where=MEMORY, fix=fix) from error


def _safe(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(name)
    return name


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
