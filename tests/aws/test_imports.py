"""A function pays for what it uses: the adapters of AWS load nothing that is not theirs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("awswrangler", "boto3", "duckdb", "pandas", "pyarrow", "sqlglot", "trino")
COUNT = "import json, sys, {name}; print(json.dumps(sorted(set({heavy}) & set(sys.modules))))"


@pytest.mark.parametrize("module", ["session", "errors", "s3", "dynamodb", "sqs", "secrets"])
def test_an_adapter_loads_botocores_errors_and_no_more(module: str) -> None:
    code = COUNT.format(name=f"mantissa.adapters.aws.{module}", heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(done.stdout) == []
