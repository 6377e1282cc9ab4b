"""`mantissa init`: a lake begins as a folder with its settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mantissa.adapters.local.home import create_home
from mantissa.config.reading import FILE
from mantissa.config.template import SECRETS, render_template
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.text import visible
from mantissa.errors import ConfigError


@command(example="mantissa init ./lake\nmantissa init --json")
def init(
    call: Call,
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="The folder; else that of --home.")
    ] = None,
) -> None:
    """Make the folder of a lake.

    Writes a mantissa.toml with every setting explained and an empty secrets.toml that only you may
    read. What is there already stays as it is.

    Every command finds its lake by --home, else MANTISSA_HOME, else the nearest parent folder with
    a mantissa.toml, else ./.mantissa.
    """
    if directory is not None and call.home_option is not None:
        raise ConfigError("both DIR and --home name the folder", fix="give one of them")
    home = (Path.cwd() / directory.expanduser()).resolve() if directory else call.home
    created = create_home(home, settings={FILE: render_template()}, secrets=SECRETS)
    call.output.result(
        {"home": str(home), "created": list(created)}, lambda: _tell(call, home, created)
    )


def _tell(call: Call, home: Path, created: tuple[str, ...]) -> None:
    if not created:
        call.output.say(f"{visible(str(home))} is a lake already; nothing was changed.")
        return
    call.output.say(f"Made a lake in {visible(str(home))}")
    call.output.note(f"Settings are in {visible(str(home / FILE))}.")
