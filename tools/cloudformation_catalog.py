"""The tables and views of `aws/catalog.json` in the CloudFormation template.

A template cannot read a file, so its Glue resources stand between two marks in
`aws/cloudformation/mantissa-stack.yaml`, are written by `make docs` and never edited by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

import aws_catalog

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = "aws/cloudformation/mantissa-stack.yaml"
BEGIN = "  # --- tables and views: written by `make docs` from aws/catalog.json ---\n"
END = "  # --- end of tables and views ---\n"
PLACEHOLDER = "${database}"


def render(catalog: Mapping[str, Any]) -> str:
    """Return the resources of all tables and views as YAML, two spaces in."""
    lines = [
        line for name, table in catalog["tables"].items() for line in _table(name, table, catalog)
    ]
    lines += [
        line for name, view in catalog["views"].items() for line in _view(name, view, catalog)
    ]
    return "\n".join(lines) + "\n"


def logical_id(kind: str, name: str) -> str:
    """Return the template's name of a table or view: letters and digits only."""
    return kind + "".join(part.capitalize() for part in name.split("_"))


def _table(name: str, table: Mapping[str, Any], catalog: Mapping[str, Any]) -> Iterator[str]:
    storage = catalog["storage"]
    yield from _head(logical_id("Table", name), name, table["comment"], storage)
    yield "        PartitionKeys:"
    yield from _columns(table["partition_keys"], 10)
    yield "        StorageDescriptor:"
    yield f"          Location: !Sub s3://${{LakeBucket}}/{table['prefix']}"
    yield f"          InputFormat: {storage['input_format']}"
    yield f"          OutputFormat: {storage['output_format']}"
    yield f"          Compressed: {_json(storage['compressed'])}"
    yield "          SerdeInfo:"
    yield f"            SerializationLibrary: {storage['serialization_library']}"
    yield f"            Parameters: {_json(storage['serde_parameters'])}"
    yield "          Columns:"
    yield from _columns(table["columns"], 12)


def _view(name: str, view: Mapping[str, Any], catalog: Mapping[str, Any]) -> Iterator[str]:
    mark = catalog["view_original_text"]
    definition = view["definition"]
    # `${` is CloudFormation's too: nothing but the placeholder may look like it.
    if definition.replace(PLACEHOLDER, "").count("${"):
        raise ValueError(f"the view {name} has a ${{ of its own")
    yield from _head(logical_id("View", name), name, view["comment"], view)
    yield f"        Owner: {view['owner']}"
    yield "        PartitionKeys: []"
    yield f"        ViewExpandedText: {_json(view['view_expanded_text'])}"
    yield "        ViewOriginalText: !Join"
    yield '          - ""'
    yield f"          - - {_json(mark['before'])}"
    yield "            - Fn::Base64: !Sub"
    yield f"                - {_json(definition)}"
    yield "                - { database: !Ref LakeDatabase }"
    yield f"            - {_json(mark['after'])}"
    yield "        StorageDescriptor:"
    yield "          SerdeInfo:"
    yield f"            Name: {_json(view['serde']['name'])}"
    yield f"            SerializationLibrary: {_json(view['serde']['serialization_library'])}"
    yield "          Columns:"
    yield from _columns(view["columns"], 12)


def _head(resource: str, name: str, comment: str, shared: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {resource}:"
    yield "    Type: AWS::Glue::Table"
    yield "    Properties:"
    yield "      CatalogId: !Ref AWS::AccountId"
    yield "      DatabaseName: !Ref LakeDatabase"
    yield "      TableInput:"
    yield f"        Name: {name}"
    yield f"        Description: {_json(comment)}"
    yield f"        TableType: {shared['table_type']}"
    yield f"        Parameters: {_json(shared['parameters'])}"


def _columns(columns: list[dict[str, str]], indent: int) -> Iterator[str]:
    for column in columns:
        pairs = [f"{key.capitalize()}: {_json(value)}" for key, value in column.items()]
        yield f"{' ' * indent}- {{ {', '.join(pairs)} }}"


def _json(value: Any) -> str:
    """JSON is YAML; a string in quotes is never taken for a number or a date."""
    return orjson.dumps(value).decode()


def filled(template: str, catalog: Mapping[str, Any]) -> str:
    """Return the template with the catalog's resources between the marks."""
    before, begin, rest = template.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{TEMPLATE} lacks the marks of its tables and views")
    return before + begin + render(catalog) + end + after


def current() -> str:
    """Return the whole template as it has to be."""
    return filled((ROOT / TEMPLATE).read_text(encoding="utf-8"), aws_catalog.catalog())
