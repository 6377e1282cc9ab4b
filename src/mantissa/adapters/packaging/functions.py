"""The Lambda functions, and what goes into the artefact of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HANDLERS = "mantissa.entrypoints.lambdas"
"""The package that holds one module for each function."""

_SHELL = ("aws-lambda-powertools", "boto3", "msgspec", "orjson", "zstandard")
"""Every function: the shell, the clients, and how state is written."""
_SOURCES = ("defusedxml", "pyarrow", "pyyaml")
"""What knows the log sources and their tables."""
_READING = ("evtx", "isal")
"""What takes objects apart."""

_TYPES_ONLY = "annotations for type checkers, no code"
_NO_PIPELINES = (
    "only pySigma's pipelines that transform through jq or HTTP use it, and none is ours"
)
_NO_FETCHING = "pySigma fetches plugins and ATT&CK data with it; rules never do"
WITHOUT: Mapping[str, str] = {
    "diskcache": _NO_FETCHING,
    "diskcache-stubs": _TYPES_ONLY,
    "jq": _NO_PIPELINES,
    "requests": _NO_FETCHING,
    "types-pyyaml": _TYPES_ONLY,
}
"""Packages that a dependency asks for and no function's code reaches, each with the reason."""


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda function.

    Args:
        requires: what its code imports by name; the rest of its closure follows from the lock.
        rules: whether the rule library travels with it.
        embedded: whether the embedded engine does.
    """

    name: str
    requires: tuple[str, ...]
    rules: bool = False
    embedded: bool = False
    without: Mapping[str, str] = field(default_factory=lambda: WITHOUT)

    @property
    def handler(self) -> str:
        """What Lambda is told to call, as `module.function`."""
        return f"{HANDLERS}.{self.name}.handler"


FUNCTIONS: Mapping[str, Function] = {
    function.name: function
    for function in (
        Function("ingest", (*_SHELL, *_SOURCES, *_READING, "sqlglot")),
        Function(
            "detect",
            (*_SHELL, *_SOURCES, "duckdb", "pysigma", "sqlglot"),
            rules=True,
            embedded=True,
        ),
        Function("alert", (*_SHELL, "httpx", "sqlglot")),
        Function("api", (*_SHELL, *_SOURCES, "sqlglot")),
        Function("sweep", (*_SHELL, *_SOURCES, *_READING)),
    )
}
"""To add a function: one row here, its module in `entrypoints/lambdas`, then `make locks`."""

FORBIDDEN = frozenset(
    {"awswrangler", "numpy", "pandas", "pytest", "rich", "setuptools", "trino", "typer"}
)
"""What no artefact may hold: the terminal, and what is too large."""
EMBEDDED = "duckdb"
"""The embedded engine's package, in the artefacts of those functions only that say so."""
