"""The checkers of infrastructure code, which live in an environment of their own."""

from __future__ import annotations

import os
import subprocess

from support.requirements import ROOT, require

FOLDER = ROOT / ".venv-infra" / "bin"


def run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one checker of the environment; its exit code is for the caller to judge."""
    require("infra")
    # Checkov asks its vendor for news unless it is told not to.
    env = os.environ | {"BC_SKIP_MAPPING": "TRUE", "CHECKOV_RUN_SCA_PACKAGE_SCAN_V2": "false"}
    return subprocess.run(
        [str(FOLDER / program), *words], capture_output=True, text=True, env=env, check=False
    )
