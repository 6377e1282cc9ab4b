"""Commands that fail in every way, to try the shell around them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mantissa.entrypoints.cli.command import Call, command, noun
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.text import visible
from mantissa.errors import ConfigError, EngineRejected, EngineTimedOut, GuardRefused, StoreError

ERRORS = {
    "config": ConfigError("wrong key", where="mantissa.toml:3", fix="right it"),
    "guard": GuardRefused("not a SELECT", code="not_select"),
    "limit": EngineTimedOut("stopped after 60 s"),
    "engine": EngineRejected("no column 'x'"),
    "store": StoreError("disk full \x1b[31m"),
    "file": FileNotFoundError(2, "No such file or directory", "logs/a.gz"),
    "bug": KeyError("surprise"),
    "secret": RuntimeError("token canary-7319 refused"),
    "stop": KeyboardInterrupt(),
    "abort": typer.Abort(),
}

things = noun("Look at things.")


@command(example="mantissa fail config")
def fail(call: Call, how: Annotated[str, typer.Argument(help="Which error.")]) -> None:
    """Fail as told."""
    raise ERRORS[how]


@things.command("list")
@command(example="mantissa things list --jsonl", lists=True)
def list_things(call: Call, count: Annotated[int, typer.Option(help="How many.")] = 2) -> Exit:
    """List things."""
    call.output.listing("things", [{"id": n} for n in range(count)], ("id",))
    return Exit.ATTENTION


@things.command("where")
@command(example="mantissa things where")
def where(call: Call) -> None:
    """Say which lake it is about."""
    rows = call.settings.query.max_rows
    call.output.result({"home": str(call.home), "max_rows": rows}, lambda: None)


HOSTILE = "a\x1b]0;owned\x07\x1b[2Jb\u202ec\r\nd\x9b5me"


@things.command("hostile")
@command(example="mantissa things hostile", lists=True)
def hostile(call: Call) -> None:
    """Print what an attacker wrote."""
    call.output.listing("things", [{HOSTILE: HOSTILE}], (HOSTILE,))
    if call.output.for_people:
        call.output.say(visible(HOSTILE))
    call.output.note(HOSTILE)
    call.output.warn(HOSTILE)
    raise ConfigError(HOSTILE, where=HOSTILE, fix=HOSTILE)


@things.command("flood")
@command(example="mantissa things flood")
def flood(call: Call) -> None:
    """Print until nobody listens."""
    while True:
        sys.stdout.write("x" * 4096 + "\n")
