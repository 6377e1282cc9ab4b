"""Drives the command line in this process and holds every call to what all commands promise."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mantissa.entrypoints.cli.main import main
from mantissa.entrypoints.cli.scenario import Scenario, write_scenario
from support.lakes import cloudtrail, records

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""What no output may carry, whoever wrote it; a line break of our own may stand."""
HOSTILE = "a\x1b]0;owned\x07\x1b[2Jb\u202ec\r\nd\x9b5me"
END = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Ran:
    """What one command line printed and how it ended."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The documents of `--jsonl`."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> Any:
        """The error of a command that failed with `--json`."""
        assert set(self.json) == {"error"}
        assert set(self.json["error"]) == {"code", "message", "where", "fix"}
        return self.json["error"]


class Shell:
    """Runs commands on one home.

    Args:
        home: what `--home` names; None leaves it to the command to find.
    """

    def __init__(self, home: Path | None) -> None:
        self._home = home

    @property
    def home(self) -> Path:
        assert self._home is not None
        return self._home

    def __call__(self, *argv: object, code: int | None = 0) -> Ran:
        """Run one command line; it must end with `code`, unless that is None."""
        words = [str(word) for word in argv]
        at_home = [] if self._home is None else ["--home", str(self._home)]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            ended = main([*words, *at_home])
        ran = Ran(tuple(words), int(ended), out.getvalue(), err.getvalue())
        _check(ran, code)
        return ran

    def json(self, *argv: object, code: int | None = 0) -> Any:
        """Run with `--json` and return the document."""
        return self(*argv, "--json", code=code).json


def _check(ran: Ran, code: int | None) -> None:
    told = f"{ran.argv} ended {ran.code}\n{ran.out}\n{ran.err}"
    assert code is None or ran.code == code, told
    assert ran.code in (0, 1, 2, 3, 4, 130), told
    assert "Traceback" not in ran.out + ran.err or "--debug" in ran.argv, told
    assert not CONTROL.search(ran.out + ran.err), told
    if "--json" in ran.argv and ran.code != 130:
        assert isinstance(ran.json, dict), told
    elif ran.code in (1, 2, 4) and ran.err.startswith("error"):
        assert 1 <= len(ran.err.splitlines()) <= 3, told


def trail(folder: Path, name: str, numbers: Sequence[int], **changes: Any) -> Path:
    """Write one CloudTrail file of our own records."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(records([cloudtrail(n, **changes) for n in numbers]))
    return file


def scenario(folder: Path, events: int = 400) -> Scenario:
    """Write the tour's intrusion in a short day."""
    return write_scenario(folder, end=END, events=events)


def rule(rule_id: str, **changes: Any) -> Mapping[str, Any]:
    """Return a rule that sees every GetObject; `changes` replace or add top-level keys."""
    return {
        "title": "An object was fetched",
        "id": rule_id,
        "status": "test",
        "description": "For a test.",
        "level": "low",
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {"fetch": {"eventName": "GetObject"}, "condition": "fetch"},
    } | changes


def write_rule(folder: Path, name: str, content: Mapping[str, Any] | str) -> Path:
    """Write a rule; JSON is YAML too."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file
