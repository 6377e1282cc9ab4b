"""Trino's JSON values as Athena prints them, and as Parquet holds them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

Signature = Mapping[str, Any]

_NAMES = {"real": "float"}
# Athena's type names where they differ from Trino's.
_PRECISION = {
    "varchar": 2147483647,
    "bigint": 19,
    "integer": 10,
    "smallint": 5,
    "tinyint": 3,
    "double": 17,
    "float": 17,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "varbinary": 1073741824,
}
_ARROW = {
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "smallint": pa.int16(),
    "tinyint": pa.int8(),
    "double": pa.float64(),
    "real": pa.float32(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
    "varbinary": pa.binary(),
}


def column_info(column: Mapping[str, Any]) -> dict[str, Any]:
    """Return one column as GetQueryResults describes it."""
    signature = column["typeSignature"]
    name = _NAMES.get(signature["rawType"], signature["rawType"])
    precision, scale = _PRECISION.get(name, 0), 0
    if name == "decimal":
        precision, scale = _arguments(signature, "LONG")
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column["name"],
        "Label": column["name"],
        "Type": name,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": name in ("varchar", "char"),
    }


def text(value: Any, signature: Signature) -> str | None:
    """Return a value as Athena's CSV and GetQueryResults print it; None stays None."""
    if value is None:
        return None
    kind = signature["rawType"]
    if kind == "boolean":
        return str(value).lower()
    if kind in ("double", "real"):
        return _double(value)
    if kind == "varbinary":
        return base64.b64decode(value).hex(" ")
    if kind == "array":
        (inner,) = _arguments(signature)
        return f"[{', '.join(_inside(item, inner) for item in value)}]"
    if kind == "map":
        _, inner = _arguments(signature)
        return f"{{{', '.join(f'{key}={_inside(item, inner)}' for key, item in value.items())}}}"
    if kind == "row":
        named = enumerate(zip(value, _fields(signature), strict=True))
        return "{" + ", ".join(_field(i, item, field) for i, (item, field) in named) + "}"
    return str(value)


def _inside(value: Any, signature: Signature) -> str:
    printed = text(value, signature)
    return "null" if printed is None else printed


def _field(index: int, value: Any, field: tuple[str, Signature]) -> str:
    name, signature = field
    return f"{name or f'field{index}'}={_inside(value, signature)}"


def _double(value: float | str) -> str:
    """Print as Java does: plain from 1e-3 to 1e7, else one digit before the point and an E."""
    if isinstance(value, str):
        return value  # NaN and the infinities are text in Trino's JSON.
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(float(value))
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    mantissa = "".join(map(str, digits))
    power = int(exponent) + len(mantissa) - 1
    return f"{'-' * sign}{mantissa[0]}.{mantissa[1:] or '0'}E{power}"


def table(columns: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Return rows as the Arrow table that UNLOAD writes."""
    arrays = [
        pa.array(
            [native(row[i], column["typeSignature"]) for row in rows],
            type=arrow_type(column["typeSignature"]),
        )
        for i, column in enumerate(columns)
    ]
    return pa.table(arrays, names=[column["name"] for column in columns])


def arrow_type(signature: Signature) -> pa.DataType:
    kind = signature["rawType"]
    if kind == "array":
        return pa.list_(arrow_type(*_arguments(signature)))
    if kind == "map":
        return pa.map_(*map(arrow_type, _arguments(signature)))
    if kind == "row":
        return pa.struct([(name, arrow_type(inner)) for name, inner in _fields(signature)])
    if kind == "decimal":
        return pa.decimal128(*_arguments(signature, "LONG"))
    return _ARROW.get(kind, pa.string())


def native(value: Any, signature: Signature) -> Any:
    """Return a value of Trino's JSON as pyarrow takes it."""
    if value is None:
        return None
    kind = signature["rawType"]
    if kind == "array":
        (inner,) = _arguments(signature)
        return [native(item, inner) for item in value]
    if kind == "map":
        key_type, inner = _arguments(signature)
        is_number = "int" in key_type["rawType"]
        return [(int(k) if is_number else k, native(v, inner)) for k, v in value.items()]
    if kind == "row":
        pairs = zip(value, _fields(signature), strict=True)
        return {name: native(item, inner) for item, (name, inner) in pairs}
    return _SCALARS.get(kind, lambda scalar: scalar)(value)


_SCALARS: Mapping[str, Any] = {
    "double": float,
    "real": float,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "varbinary": base64.b64decode,
}


def _arguments(signature: Signature, kind: str = "TYPE") -> list[Any]:
    return [a["value"] for a in signature["arguments"] if a["kind"].startswith(kind)]


def _fields(signature: Signature) -> list[tuple[str, Signature]]:
    named = _arguments(signature, "NAMED")
    return [((f.get("fieldName") or {}).get("name", ""), f["typeSignature"]) for f in named]
