"""`mantissa package`: the Lambda functions' artefacts, byte for byte the same wherever built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.exits import Exit

if TYPE_CHECKING:
    from mantissa.adapters.packaging.build import Artefact, Order

MB = 1_000_000


@command(
    example="""
    mantissa package
    mantissa package ingest detect --architecture x86_64
    mantissa package --python 3.12 --out build/lambda --json
    """
)
def package(
    call: Call,
    functions: Annotated[
        list[str] | None, typer.Argument(metavar="FUNCTION...", help="Which; all without.")
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the zips and artefacts.json go.")
    ] = Path("build/lambda"),
    architecture: Annotated[str, typer.Option(help="arm64 or x86_64.")] = "arm64",
    python: Annotated[str, typer.Option(help="3.11, 3.12 or 3.13.")] = "3.13",
    wheels: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where wheels are kept; beside the zips without."),
    ] = None,
) -> Exit:
    """Build the Lambda functions' artefacts.

    Each zip holds Mantissa Log and the locked packages of one function, fetched by pip for Lambda's
    platform and held to their hashes. The same inputs make the same bytes in any folder on any day;
    what did not change is kept. Ends with 3 where Lambda's runtime is too old for a package.
    """
    artefacts = _build(call, _order(out, wheels, (architecture, python)), functions or [])
    document = {
        "out": str(out),
        "artefacts": {a.function: {**a.to_json(), "kept": a.kept} for a in artefacts},
    }
    call.output.result(document, lambda: _show(call, artefacts))
    unfit = [artefact for artefact in artefacts if not artefact.loads]
    if unfit:
        call.output.warn(
            f"Lambda's Python {python} is too old for {', '.join(a.function for a in unfit)}: "
            f"their libraries need glibc {unfit[0].glibc}; build for 3.12 or newer"
        )
    return Exit.ATTENTION if unfit else Exit.DONE


def _order(out: Path, wheels: Path | None, target: tuple[str, str]) -> Order:
    import mantissa
    from mantissa.adapters.packaging.build import Order
    from mantissa.adapters.packaging.target import Target
    from mantissa.bootstrap.app import library_rules

    package_folder = Path(mantissa.__file__).parent
    kept = wheels or out / "wheels"
    return Order(Target.of(*target), package_folder, library_rules(), out, kept)


def _build(call: Call, order: Order, names: list[str]) -> list[Artefact]:
    from mantissa.adapters.packaging.build import build
    from mantissa.adapters.packaging.functions import FUNCTIONS

    total = len(names or FUNCTIONS)
    with call.output.progress("Building", total=total, unit="artefacts") as progress:
        return build(order, names, lambda artefact: progress.advance(1))


def _show(call: Call, artefacts: list[Artefact]) -> None:
    rows = [
        [a.file, f"{a.bytes / MB:.1f} MB", f"{a.unzipped / MB:.1f} MB", a.sha256, _state(a)]
        for a in artefacts
    ]
    call.output.table(["file", "size", "unzipped", "sha256", ""], rows)


def _state(artefact: Artefact) -> str:
    return "unchanged" if artefact.kept else "built"
