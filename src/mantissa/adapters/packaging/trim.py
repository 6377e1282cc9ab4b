"""What of a wheel no function loads: left out by rules that say why.

A rule is a pattern over the path in the artefact. `tests/aws/test_package.py` unpacks every
artefact and imports its handler with nothing else on the path, so a rule that takes too much
does not stay unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SERVICES = ("athena", "dynamodb", "glue", "s3", "secretsmanager", "sqs", "sts", "xray")
"""The AWS services whose description botocore keeps; it has some four hundred."""

_RULES: tuple[tuple[str, str], ...] = (
    # Whatever the package: byte code of another Python, tests, headers, sources of extensions.
    (r"(^|.*/)__pycache__/.*", "byte code names the time and place it was made"),
    (r"[^/]+/(.*/)?tests?/.*", "tests of the package"),
    (r".*\.(pyx|pxd|pxi|pyi|h|hpp|c|cc|cpp|cmake|pc|a|lib)", "sources and annotations"),
    (
        r"[^/]+\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json|WHEEL|top_level\.txt)",
        "books of an installer",
    ),
    (r"[^/]+/py\.typed|(.*/)?py\.typed", "for type checkers"),
    (r"bin/.*", "commands name the Python that installed them"),
    # pyarrow: lib.so itself is linked against acero, compute, dataset, parquet and substrait.
    (r"pyarrow/(include|src)/.*", "headers and sources"),
    (r"pyarrow/libarrow_(python_)?flight\.so.*|pyarrow/_flight\..*", "Flight: 30 MB of RPC"),
    (r"pyarrow/lib[a-z_]+\.so(\.\d+\.\d+\.\d+)?", "copies; what is linked is named .so.NNNN"),
    (r"pyarrow/_(substrait|gandiva|cuda|orc|dataset_orc|pyarrow_cpp_tests)\..*\.so", "not used"),
    (r"pyarrow/libgandiva\..*", "Gandiva: expressions through LLVM"),
    (r"pyarrow/_(s3fs|gcsfs|azurefs|hdfs)\..*\.so", "file systems; objects go through boto3"),
    (r"pyarrow/(libarrow_python|_|_dataset_)parquet_encryption\..*", "encryption is the bucket's"),
    # botocore: a data file says how a service is called.
    (rf"botocore/data/(?!({'|'.join(SERVICES)})/)[^/]+/.*", "services that are not called"),
    (r"botocore/data/[^/]+/[^/]+/(examples-1|paginators-1\.sdk-extras)\..*", "examples"),
    (r"boto3/data/.*|boto3/examples/.*", "resources; clients only are used"),
    # The rest, by size.
    (r"zstandard/_cffi\..*", "12 MB of a second backend, for other Pythons than CPython"),
    (r"aws_lambda_powertools/utilities/parser/.*", "models on pydantic, which is not here"),
    (r"aws_lambda_powertools/event_handler/openapi/swagger_ui/.*", "a page for browsers"),
    (r"sqlglot/executor/.*", "sqlglot's own engine"),
)

_MATCHERS = tuple(re.compile(pattern) for pattern, _ in _RULES)


def is_kept(path: str) -> bool:
    """Say whether a file of a wheel belongs in an artefact."""
    return not any(matcher.fullmatch(path) for matcher in _MATCHERS)


def explain(path: str) -> str:
    """Return why a file is left out; empty when it is kept."""
    return next((why for pattern, why in _RULES if re.fullmatch(pattern, path)), "")


def fingerprint() -> Iterable[str]:
    """Return what changes when the rules do."""
    return [pattern for pattern, _ in _RULES]
