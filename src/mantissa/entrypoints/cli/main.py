"""`mantissa`: the outermost shell, where errors become exit codes and words."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated, Any

import typer

from mantissa import __version__
from mantissa.config.reading import environment
from mantissa.entrypoints.cli.command import HELP_OPTIONS, make_output
from mantissa.entrypoints.cli.ending import ending_with
from mantissa.entrypoints.cli.exits import Exit, InternalError, UsageError, exit_for
from mantissa.entrypoints.cli.registry import LazyGroup
from mantissa.errors import MantissaError

PROGRAM = "mantissa"
_COMPLETE = "_MANTISSA_COMPLETE"

app = typer.Typer(
    cls=LazyGroup,
    name=PROGRAM,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP_OPTIONS,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"{PROGRAM} {__version__}\n")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Keep security logs as Parquet, find attacks in them with Sigma rules, tell who must act.

    \b
    Begin with:  mantissa demo
    Every command has --help with an example, and --json for programs.
    """


def run() -> None:
    """Run the command line of this process and exit."""
    sys.exit(ending_with(lambda: main(sys.argv[1:])))


def main(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    _prepare_streams()
    root = typer.main.get_command(app)
    if _COMPLETE in environment():
        root.main(args=[], prog_name=PROGRAM, complete_var=_COMPLETE)
    try:
        code = _invoke(root, argv)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort, EOFError):
        sys.stderr.write("Stopped.\n")
        return Exit.STOPPED
    except BrokenPipeError:
        # Whoever read our output has what it wanted (`| head`).
        _drop_stdout()
        return Exit.DONE
    except Exception as error:  # noqa: BLE001  the outermost shell
        return _report(error, argv)
    return code


def _invoke(root: Any, argv: Sequence[str]) -> int:
    try:
        with root.make_context(PROGRAM, list(argv)) as context:
            return int(root.invoke(context) or Exit.DONE)
    except typer.Exit as end:
        return end.exit_code


def _report(error: Exception, argv: Sequence[str]) -> int:
    flags = set(argv[: argv.index("--")] if "--" in argv else argv)
    output = make_output("json" if flags & {"--json", "--jsonl"} else "text", environment())
    told = _as_ours(error)
    if "--debug" in flags:
        output.trace("".join(traceback.format_exception(error)).rstrip())
    try:
        output.error(told)
    except BrokenPipeError:
        _drop_stdout()
    return exit_for(told)


def _as_ours(error: Exception) -> MantissaError:
    if isinstance(error, MantissaError):
        return error
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        path = context.command_path if context else PROGRAM
        return UsageError(error.format_message(), where=path, fix=f"see `{path} --help`")
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return MantissaError(error.strerror, where=str(error.filename))
    return InternalError(
        f"unexpected {type(error).__name__}: {error}",
        fix="run the command again with --debug and report what it prints",
    )


def _prepare_streams() -> None:
    """Never fail to print a character that the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_stdout() -> None:
    """Send what is still in the buffer nowhere, so that the interpreter can end in peace."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
