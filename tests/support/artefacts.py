"""Builds the functions' artefacts once for all tests, and runs code inside an unpacked one."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.requirements import ROOT

WHEELS = ROOT / "build" / "lambda" / "wheels"
"""Shared with `make package`, so that a wheel is downloaded once."""
HOST_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
HOST_ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


@dataclass(frozen=True)
class Built:
    """What one build left: its folder and the manifest."""

    out: Path
    manifest: Mapping[str, Any]
    kept: tuple[str, ...]
    code: int


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time pass."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def checkout(folder: Path, of: Path = ROOT) -> Path:
    """Copy the product's code and rules to another place, once; return that place."""
    if not folder.exists():
        ignored = shutil.ignore_patterns("__pycache__")
        half = folder.with_name(folder.name + ".half")
        shutil.copytree(of / "src", half / "src", ignore=ignored)
        shutil.copytree(of / "rules", half / "rules")
        half.rename(folder)
    return folder


def build(
    place: Path,
    out: Path,
    names: Sequence[str] = (),
    *,
    target: tuple[str, str] = (HOST_ARCHITECTURE, HOST_PYTHON),
    environ: Mapping[str, str] | None = None,
    umask: int = 0o022,
) -> Built:
    """Run `mantissa package` of the checkout at `place` in a process of its own."""
    start = "from mantissa.entrypoints.cli.main import run; run()"
    command = [sys.executable, "-c", start, "package", *names]
    command += ["--out", str(out), "--wheels", str(WHEELS), "--json"]
    command += ["--architecture", target[0], "--python", target[1]]
    with alone(WHEELS):
        done = subprocess.run(
            command,
            cwd=place,
            env=os.environ | {"PYTHONPATH": str(place / "src")} | (environ or {}),
            umask=umask,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode in (0, 3), done.stdout + done.stderr
    told = json.loads(done.stdout)["artefacts"]
    manifest = json.loads((out / "artefacts.json").read_text())
    kept = tuple(name for name, entry in told.items() if entry["kept"])
    return Built(out, manifest, kept, done.returncode)


def unpack(artefact: Path, folder: Path) -> Path:
    """Unpack a zip into an empty folder."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(artefact) as archive:
        archive.extractall(folder)
    return folder


def run_inside(
    folder: Path, code: str, *arguments: str, python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Run Python with the standard library and the folder on its path, and nothing else.

    `-S` and `-E` keep site-packages and the environment out; with `-c` the working folder is the
    first place that is searched, as `/var/task` is in Lambda.
    """
    return subprocess.run(
        [python, "-S", "-E", "-s", "-B", "-W", "error::ImportWarning", "-c", code, *arguments],
        cwd=folder,
        env={"AWS_DEFAULT_REGION": "us-east-1", "PATH": os.environ.get("PATH", "")},
        capture_output=True,
        text=True,
        check=False,
    )
