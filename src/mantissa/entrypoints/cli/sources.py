"""`mantissa sources`: the kinds of log, each a folder with its specification and its proof."""

from __future__ import annotations

import re
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot_or_create, boot_without_lake
from mantissa.entrypoints.cli.command import Call, command, noun
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.output import Column
from mantissa.entrypoints.cli.text import visible
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from mantissa.bootstrap.local import LocalApp
    from mantissa.sources.spec import SourceSpec

sources = noun("The kinds of log: list, show, draft from a sample, prove.")

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "title": "title",
    "formats": lambda source: ", ".join(source["formats"]),
    "columns": lambda source: len(source["columns"]),
}
LARGEST_SAMPLE = 16 << 20
"""Bytes of a sample: it is kept with its source and read at every test."""


@sources.command("list")
@command(example="mantissa sources list\nmantissa sources list --json", lists=True)
def list_sources(call: Call) -> None:
    """List every log source, built in and your own."""
    specs = boot_without_lake(call).sources.values()
    call.output.listing("sources", [_summary(spec) for spec in specs], _COLUMNS)


@sources.command("show")
@command(example="mantissa sources show aws_cloudtrail")
def show(call: Call, name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Show one source: its columns, what they hold, and its definition for Glue."""
    from mantissa.sources.schema import glue_table

    spec = boot_without_lake(call).sources.find(name)
    columns = [
        {"name": c.name, "type": c.type, "path": c.path, "comment": c.comment}
        for c in spec.table.columns
    ]
    document = _summary(spec) | {
        "description": spec.description,
        "docs": spec.docs,
        "version": spec.version,
        "columns": columns,
        "glue": glue_table(spec.table, f"s3://BUCKET/lake/{spec.table.name}/"),
    }

    def tell() -> None:
        call.output.say(f"{spec.name}: {spec.title}\n{spec.description}")
        names = ["name", "type", "path", "comment"]
        call.output.table(names, [[c[n] for n in names] for c in columns])

    call.output.result(document, tell)


@sources.command("new")
@command(example="mantissa sources new acme_audit ./acme.jsonl")
def new(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower case, like acme_audit.")],
    sample: Annotated[Path, typer.Argument(metavar="SAMPLE", help="A file of real records.")],
) -> None:
    """Draft a source of your own from a sample: its specification and the rows it must become.

    Writes source.yaml, the sample and expected.jsonl into the lake's sources/NAME. Read and amend
    the specification, then prove it: mantissa sources test NAME.
    """
    app = boot_or_create(call)
    folder = app.home / app.settings.ingest.sources[0] / name
    if folder.exists():
        raise ConfigError("there is a source of that name already", where=str(folder))
    written = _write_draft(app, name, sample, folder)
    document = {"name": name, "folder": str(folder), "files": written}
    call.output.result(document, lambda: _tell_draft(call, folder, written))


def _tell_draft(call: Call, folder: Path, written: list[str]) -> None:
    call.output.say(f"Drafted {visible(str(folder))}: {visible(', '.join(written))}")
    call.output.note(f"Read and amend source.yaml, then: mantissa sources test {folder.name}")


@sources.command("test")
@command(example="mantissa sources test\nmantissa sources test aws_cloudtrail --json")
def test(call: Call, name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None) -> Exit:
    """Prove sources: each sample must become exactly its expected rows."""
    from mantissa.sources.proof import prove, read_sample, sample_of

    app = boot_without_lake(call)
    chosen = [app.sources.find(name)] if name else list(app.sources.values())
    differences: list[dict[str, Any]] = []
    records = 0
    for spec in chosen:
        folder = folder_of(app, spec)
        sample = sample_of(folder)
        records += len(read_sample(spec, sample.name, sample.read_bytes()))
        differences += [{"source": spec.name, "difference": str(d)} for d in prove(spec, folder)]
    document = {"sources": len(chosen), "records": records, "differences": differences}

    def tell() -> None:
        call.output.say(
            f"{len(chosen):,} sources, {records:,} records, {len(differences):,} differences"
        )
        if differences:
            call.output.table(["source", "difference"], [list(d.values()) for d in differences])

    call.output.result(document, tell)
    return Exit.ATTENTION if differences else Exit.DONE


def _write_draft(app: LocalApp, name: str, sample: Path, folder: Path) -> list[str]:
    """Write the files of a draft; a sample that is no use leaves nothing behind."""
    from mantissa.sources.draft import draft
    from mantissa.sources.proof import EXPECTED, expected_text
    from mantissa.sources.registry import SPEC_FILE
    from mantissa.sources.spec import load_spec

    content = _content(sample)
    text = draft(name, _records(app, sample.name, content))
    copy = _sample_name(sample)
    with tempfile.TemporaryDirectory(prefix=".draft-", dir=app.home) as temporary:
        made = Path(temporary, name)
        made.mkdir()
        (made / SPEC_FILE).write_text(text, encoding="utf-8")
        (made / copy).write_bytes(content)
        proof = expected_text(load_spec(text, SPEC_FILE), made)
        (made / EXPECTED).write_text(proof, encoding="utf-8")
        folder.parent.mkdir(parents=True, exist_ok=True)
        made.rename(folder)
    return [SPEC_FILE, copy, EXPECTED]


def _content(sample: Path) -> bytes:
    from mantissa.adapters.local.files import open_file

    with open_file(sample, str(sample)) as stream:
        content = stream.read(LARGEST_SAMPLE + 1)
    if len(content) > LARGEST_SAMPLE:
        fix = f"cut it to a few hundred records: at most {LARGEST_SAMPLE:,} bytes"
        raise ConfigError("the sample is too large to be kept", where=str(sample), fix=fix)
    return content


def _records(app: LocalApp, name: str, content: bytes) -> list[bytes]:
    from mantissa.sources.decode import decode
    from mantissa.sources.record import Batch

    decoded = decode(BytesIO(content), name, app.limits)
    return [raw for item in decoded if isinstance(item, Batch) for raw in item.raws]


def _sample_name(sample: Path) -> str:
    """Return `sample.` and the endings of the file's name that say what it is."""
    endings = [s for s in sample.suffixes[-2:] if re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]{0,9}", s)]
    return "sample" + ("".join(endings) or ".log")


def folder_of(app: LocalApp, spec: SourceSpec) -> Traversable:
    """Return where a source lies; of several that have its name the last is the one that counts."""
    from importlib.resources import files

    from mantissa.sources.registry import SPEC_FILE

    for extra in reversed(app.settings.ingest.sources):
        own = app.home / extra / spec.name
        if (own / SPEC_FILE).is_file():
            return own
    return files("mantissa.sources").joinpath("builtin", spec.name)


def _summary(spec: SourceSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "table": spec.table.name,
        "title": spec.title,
        "formats": list(spec.formats),
        "columns": [{"name": c.name, "type": c.type} for c in spec.table.columns],
        "sigma": [
            {"product": s.product, "service": s.service, "category": s.category} for s in spec.sigma
        ],
    }
