"""How a row of the comparison is written down; shared by the tables of `parity_kinds`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from support.parity import Kind

Values = dict[str, Any]
# Attributes that the provider fills in for every type, and tags, which a stack gets from outside.
COMPUTED = ("id", "arn", "tags", "tags_all", "Tags", "invoke_arn", "timeouts", "Arn")


def kind(
    name: str,
    types: tuple[str, str],
    named_by: tuple[str, str],
    same: Mapping[str, tuple[str, str]],
    made: Iterable[str] = (),
    **more: Any,
) -> Kind:
    """Write one row: Terraform's type and CloudFormation's, and so on for all pairs."""
    return Kind(name, *types, named_by, same, (*COMPUTED, *made), **more)


def each(*names: str) -> dict[str, tuple[str, str]]:
    """Pair attributes with properties of the same name in the other spelling."""
    return {name: (name, camel(name)) for name in names}


def camel(name: str) -> str:
    """Spell a Terraform name as CloudFormation does."""
    return "".join(part.capitalize() for part in name.split("_"))
