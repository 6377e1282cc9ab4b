"""`mantissa rules new`: a rule to start from, which runs and passes its tests as it is."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mantissa.entrypoints.cli.alerts import person
from mantissa.entrypoints.cli.booting import boot_or_create
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.sources import folder_of
from mantissa.entrypoints.cli.text import visible
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from mantissa.bootstrap.local import LocalApp
    from mantissa.detection.scaffold import Author, Draft
    from mantissa.sources.spec import SourceSpec

TITLE = "Say in a few words what happened"


@command(
    example="""
    mantissa rules new --source aws_cloudtrail
    mantissa rules new --source okta --correlation --title "A factor was refused"
    mantissa rules new ./keys.yml --source aws_cloudtrail --title "A key was made at night"
    """
)
def new(
    call: Call,
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[PATH]", help="The file or folder to write; else your own rules."),
    ] = None,
    source: Annotated[
        str, typer.Option(metavar="NAME", help="The log source that the rule is for.")
    ] = "",
    title: Annotated[str, typer.Option(help="The rule's title; it names the file too.")] = TITLE,
    service: Annotated[
        str | None, typer.Option(help="Sigma's service, of a source that serves several.")
    ] = None,
    category: Annotated[
        str | None, typer.Option(help="Sigma's category, of a source that serves several.")
    ] = None,
    correlation: Annotated[
        bool, typer.Option("--correlation", help="A rule and a correlation that counts it.")
    ] = False,
) -> None:
    """Write a new rule for a log source: with a fresh id, example fields and passing tests."""
    from mantissa.detection.scaffold import Author

    app = boot_or_create(call)
    if not source:
        known = ", ".join(app.sources)
        raise ConfigError("which source the rule is for is not said", fix=f"--source: {known}")
    given = _draft(app, app.sources.find(source), service, category)
    file = _place(app, path, given, title)
    author = Author(str(uuid.uuid4()), title, person(), app.clock.now().date())
    _write(file, _text(given, author, correlation))
    document = {"id": author.rule_id, "path": str(file), "source": given.source.name}

    def tell() -> None:
        call.output.say(f"Wrote {visible(str(file))}")
        call.output.note("Change what it looks for, then: mantissa rules check and rules test")

    call.output.result(document, tell)


def _draft(app: LocalApp, spec: SourceSpec, service: str | None, category: str | None) -> Draft:
    from mantissa.detection.scaffold import choose_logsource, draft
    from mantissa.sources.proof import sample_rows

    logsource = choose_logsource(spec, service, category)
    return draft(spec, logsource, sample_rows(spec, folder_of(app, spec)))


def _text(given: Draft, author: Author, correlation: bool) -> str:
    from mantissa.detection.scaffold import render, render_correlation

    if correlation:
        return render_correlation(author, given, str(uuid.uuid4()))
    return render(author, given)


def _place(app: LocalApp, path: Path | None, given: Draft, title: str) -> Path:
    """Return the file to write: named, in a named folder, or where such rules lie."""
    name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:60] or "new_rule"
    if path is not None and path.suffix in (".yml", ".yaml"):
        return path
    if path is None:
        if not app.settings.detection.rules:
            raise ConfigError("no folder of own rules is set", fix="set rules in [detection]")
        kind = given.logsource
        parts = [word for word in (kind.product, kind.service or kind.category) if word]
        path = app.home.joinpath(app.settings.detection.rules[0], *parts)
    return path / f"{name}.yml"


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        fix = "name another file, or give the rule its own --title"
        raise ConfigError(
            "there is a file of that name already", where=str(file), fix=fix
        ) from error
    except OSError as error:
        raise ConfigError(f"cannot write it: {error.strerror}", where=str(file)) from error
