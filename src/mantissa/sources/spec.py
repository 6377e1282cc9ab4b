"""From the text of a `source.yaml` to a checked `SourceSpec`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import cast

from mantissa.model import ColumnType
from mantissa.sources import quirks
from mantissa.sources.alternatives import read_common
from mantissa.sources.definition import (
    COMMON,
    ENVELOPE,
    Binding,
    FieldSpec,
    Filter,
    LineSpec,
    Path,
    Recognise,
    SigmaLogsource,
    Signature,
    SourceSpec,
)
from mantissa.sources.specfile import Entry, Section, did_you_mean, parse

__all__ = ["Binding", "FieldSpec", "SigmaLogsource", "SourceSpec", "column_name", "load_spec"]

KEYS = (
    "name",
    "title",
    "description",
    "vendor",
    "docs",
    "formats",
    "recognise",
    "normalise",
    "lines",
    "time",
    "required",
    "common",
    "columns",
    "sigma",
)
FORMATS = ("json", "text", "xml", "evtx")
TYPES = ("string", "bigint", "double", "boolean", "timestamp", "json")
_RESERVED = {c.name for c in (*ENVELOPE, *COMMON)} | {"extra", "raw", "event_date"}


def load_spec(text: str, file: str) -> SourceSpec:
    """Read and check one specification. Raises `SourceError` with file and line."""
    top = parse(text, file).section(KEYS)
    fields = _fields(top.need("columns"), nested=top.get("lines") is None)
    by_name = ColumnNames(fields)
    return SourceSpec(
        name=_name(top.need("name")),
        title=top.need("title").text(),
        description=top.need("description").text(),
        vendor=top.need("vendor").text(),
        docs=top.need("docs").text(),
        version=sha256(text.encode()).hexdigest()[:12],
        text=text,
        file=file,
        fields=fields,
        time=tuple(by_name.find(e) for e in top.need("time").items()),
        required=top.each("required", by_name.group),
        derive=top.read("common", lambda e: read_common(e, by_name.find), {}),
        recognise=top.read("recognise", _recognise, Recognise()),
        sigma=top.each("sigma", lambda e: _logsource(e.section(_SIGMA_KEYS), by_name)),
        normalise=top.read("normalise", lambda e: e.one_of(quirks.REGISTRY), None),
        lines=top.read("lines", _lines, None),
        formats=_formats(top),
    )


class ColumnNames:
    """Finds a column by its SQL name or by the vendor's path."""

    def __init__(self, fields: Iterable[FieldSpec]) -> None:
        self.names: dict[str, str] = {}
        for spec in fields:
            for path in spec.paths:
                self.names.setdefault(".".join(path), spec.name)
        self.names.update({spec.name: spec.name for spec in fields})

    def find(self, entry: Entry) -> str:
        """Return the column that an entry names. Raises `SourceError` when there is none."""
        name = entry.text()
        if name not in self.names:
            raise entry.error(f"no column {name!r}", did_you_mean(name, self.names))
        return self.names[name]

    def group(self, entry: Entry) -> tuple[str, ...]:
        """Return one required column, or several of which one is enough."""
        return tuple(self.find(item) for item in entry.items())


def column_name(path: str) -> str:
    """Return the SQL name of a vendor's path: lower case, other characters become `_`."""
    name = re.sub(r"[^a-z0-9]+", "_", path.lower()).strip("_")
    return f"_{name}" if name[:1].isdigit() else name


def _name(entry: Entry) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", entry.text()):
        raise entry.error(f"{entry.text()!r} is no table name", "use a-z, 0-9 and _")
    return entry.text()


def _formats(top: Section) -> tuple[str, ...]:
    """Return what the source's files are written in; by default text lines or JSON."""
    usual = ("json",) if top.get("lines") is None else ("text",)
    return top.each("formats", lambda e: e.one_of(FORMATS)) or usual


def _path(entry: Entry) -> Path:
    parts = tuple(entry.text().split("."))
    if not all(parts):
        raise entry.error(f"{entry.text()!r} is no path", "join names with single dots")
    return parts


def _fields(entry: Entry, *, nested: bool) -> tuple[FieldSpec, ...]:
    if not entry.is_list:
        raise entry.error("expected a list of columns")
    fields: dict[str, FieldSpec] = {}
    for item in entry.items():
        spec = _field(item)
        if spec.name in fields or spec.name in _RESERVED:
            taken = "another column" if spec.name in fields else "the product"
            raise item.error(f"column {spec.name!r} is taken by {taken}", "give it a `name:`")
        fields[spec.name] = spec
    if nested:
        _check_parents(entry, fields)
    return tuple(fields.values())


def _field(item: Entry) -> FieldSpec:
    section = item.section(("path", "type", "comment", "name", "open"))
    path = section.need("path")
    paths = tuple(_path(e) for e in path.items())
    if not paths:
        raise path.error("names no field")
    spec = FieldSpec(
        name=section.read("name", _name, column_name(".".join(paths[0]))),
        type=cast(ColumnType, section.read("type", lambda e: e.one_of(TYPES), "string")),
        paths=paths,
        comment=section.need("comment").text(),
        open=section.read("open", Entry.flag, False),
    )
    if spec.open and spec.type != "json":
        raise item.error(f"column {spec.name!r} is open and no JSON", "add `type: json`")
    return spec


def _check_parents(entry: Entry, fields: Mapping[str, FieldSpec]) -> None:
    """Refuse a nested column whose parent is not kept whole: unknown siblings would be lost."""
    documents = {p[0] for f in fields.values() if f.type == "json" for p in f.paths if len(p) == 1}
    for item, spec in zip(entry.items(), fields.values(), strict=True):
        for path in spec.paths:
            if len(path) > 1 and path[0] not in documents:
                raise item.error(
                    f"column {spec.name!r} is inside {path[0]!r}, which is not kept whole",
                    f"add `- {{path: {path[0]}, type: json, comment: …}}`",
                )


def _regex(entry: Entry) -> str:
    try:
        re.compile(entry.text())
    except re.error as error:
        raise entry.error(f"bad regex: {error}") from error
    return entry.text()


def _recognise(entry: Entry) -> Recognise:
    section = entry.section(("keys", "signatures", "filtered"))
    return Recognise(
        keys=section.each("keys", _regex),
        signatures=section.each("signatures", _signature),
        filtered=section.each("filtered", _filter),
    )


def _signature(entry: Entry) -> Signature:
    section = entry.section(("fields", "values", "line", "strength"))
    fields = section.each("fields", _path)
    values = tuple((_path(k), _regex(v)) for k, v in section.table("values"))
    line = section.read("line", _regex, "")
    if bool(line) == bool(fields or values):
        raise entry.error("a signature has either `line` or `fields` and `values`")
    strength = section.need("strength").one_of(("strong", "weak"))
    return Signature(fields, values, line, strength == "strong")


def _filter(entry: Entry) -> Filter:
    section = entry.section(("fields", "values", "reason"))
    fields = section.each("fields", Entry.text)
    values = tuple((k.text(), _regex(v)) for k, v in section.table("values"))
    if not (fields or values):
        raise entry.error("a filter needs `fields` or `values`")
    return Filter(fields, values, section.need("reason").text())


def _lines(entry: Entry) -> LineSpec:
    section = entry.section(("delimiter", "null", "header", "layouts"))
    delimiter = section.need("delimiter").text()
    if len(delimiter) != 1:
        raise section.need("delimiter").error("expected one character")
    layouts = [_layout(item) for item in section.need("layouts").items()]
    return LineSpec(
        delimiter=delimiter,
        null=section.read("null", Entry.text, "-"),
        header=section.read("header", Entry.flag, False),
        layouts={len(names): names for names in reversed(layouts)},
    )


def _layout(entry: Entry) -> tuple[str, ...]:
    names = tuple(entry.text().split())
    if len(set(names)) != len(names):
        raise entry.error("a field is named twice")
    return names


_SIGMA_KEYS = ("product", "service", "category", "when")


def _logsource(section: Section, columns: ColumnNames) -> SigmaLogsource:
    when: dict[str, tuple[str | int, ...]] = {}
    for key, values in section.table("when"):
        when[columns.find(key)] = tuple(_scalar(v) for v in values.items())
    product, service, category = (section.read(k, Entry.text, None) for k in _SIGMA_KEYS[:3])
    return SigmaLogsource(product, service, category, when)


def _scalar(entry: Entry) -> str | int:
    is_number = entry.node.tag == "tag:yaml.org,2002:int"
    return entry.number() if is_number else entry.text()
