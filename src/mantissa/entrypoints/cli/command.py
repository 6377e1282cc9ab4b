"""What every command has in common: the same options, one `Call`, an example in its help.

A command is a function `(call, …) -> Exit | None` whose other parameters Typer reads:

    @command(example="mantissa lake status")
    def status(call: Call) -> None:
        '''Show what the lake holds.'''

It raises what went wrong; `main` turns that into an exit code and an error for people or machines.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from typer.core import TyperGroup

from mantissa.config.reading import environment, find_home, load_settings, secret_values
from mantissa.config.settings import Settings
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.output import Form, Manner, Output

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


@dataclass(frozen=True)
class Call:
    """One call of a command: where to print, which lake it is about, what to close at its end."""

    output: Output
    home_option: Path | None = None
    environ: Mapping[str, str] = field(default_factory=environment, repr=False)
    at_end: ExitStack = field(default_factory=ExitStack, repr=False)

    @cached_property
    def home(self) -> Path:
        """The lake's folder, absolute; it need not exist yet."""
        return find_home(self.home_option, self.environ, Path.cwd())

    @cached_property
    def settings(self) -> Settings:
        """The home's settings. Raises `ConfigError`."""
        return load_settings(self.home, self.environ)


@dataclass(frozen=True, slots=True)
class CommonOptions:
    """The options of every command, as Typer reads them."""

    home: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The lake's folder [default: see `mantissa init --help`]."
        ),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no notes.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False


@dataclass(frozen=True, slots=True)
class ListOptions(CommonOptions):
    """The options of every command that lists."""

    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Print one JSON document for each entry.")
    ] = False


def command(*, example: str, lists: bool = False) -> Callable[[Callable[..., Exit | None]], Any]:
    """Make a function a command with the common options and an example.

    Args:
        example: command lines that work on the demo lake, one a line.
        lists: whether it lists something and so knows `--jsonl`.
    """
    options = ListOptions if lists else CommonOptions

    def decorate(function: Callable[..., Exit | None]) -> Callable[..., int]:
        hints = get_type_hints(function, include_extras=True)
        common = get_type_hints(options, include_extras=True)

        def run(**given: Any) -> int:
            chosen = options(**{name: given.pop(name) for name in common})
            call = _call(chosen)
            with call.at_end:
                return int(function(call, **given) or Exit.DONE)

        run.__name__ = function.__name__
        run.__doc__ = _help(function, example)
        run.__module__ = function.__module__
        run.__signature__ = _signature(function, hints, options, common)  # type: ignore[attr-defined]
        run.__annotations__ = {
            name: hint for name, hint in {**hints, **common}.items() if name != "call"
        }
        return run

    return decorate


def _call(options: CommonOptions) -> Call:
    form: Form = "json" if options.json else "text"
    if isinstance(options, ListOptions) and options.jsonl:
        form = "jsonl"
    environ = environment()
    return Call(make_output(form, environ, quiet=options.quiet), options.home, environ)


def make_output(form: Form, environ: Mapping[str, str], *, quiet: bool = False) -> Output:
    """Return the `Output` on this process's streams."""
    manner = Manner(
        form=form,
        quiet=quiet,
        plain=bool(environ.get("NO_COLOR")),
        secrets=secret_values(environ),
    )
    return Output(sys.stdout, sys.stderr, manner)


def _help(function: Callable[..., Any], example: str) -> str:
    lines = "\n".join(f"  {line.strip()}" for line in example.strip().splitlines())
    return f"{inspect.getdoc(function)}\n\n\b\nExample:\n{lines}"


def _signature(
    function: Callable[..., Any],
    hints: Mapping[str, Any],
    options: type[CommonOptions],
    common: Mapping[str, Any],
) -> inspect.Signature:
    """Return the function's signature with the common options in place of its `call`."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [
        parameter.replace(kind=keyword, annotation=hints[name])
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "call"
    ]
    defaults = inspect.signature(options).parameters
    shared = [
        inspect.Parameter(name, keyword, default=defaults[name].default, annotation=hint)
        for name, hint in common.items()
    ]
    return inspect.Signature([*own, *shared], return_annotation=int)


class HelpfulGroup(TyperGroup):
    """A group that shows its help when called with nothing."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the group's own arguments."""
        return super().parse_args(ctx, args or ["--help"])


def noun(text: str) -> typer.Typer:
    """Return the group of a noun's commands; `text` is its help."""
    return typer.Typer(
        cls=HelpfulGroup,
        help=text,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=HELP_OPTIONS,
    )
