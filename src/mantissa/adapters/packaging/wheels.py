"""Fetches the wheels of a target with pip, each held to its hash, into a folder that is kept.

pip's `--platform` and `--python-version` choose the files, but its markers are those of the
Python that it runs on; so pins are chosen before, and pip is told not to follow dependencies.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from mantissa.adapters.packaging.lock import Pin
from mantissa.adapters.packaging.target import Target
from mantissa.errors import ConfigError, StoreError, StoreTransient

_SECONDS = 1800.0
_UNREACHABLE = re.compile(
    r"Failed to establish a new connection|Temporary failure in name resolution|timed out"
    r"|Connection (?:refused|reset)|NewConnectionError|Could not connect|Max retries exceeded"
)

_OTHER_CONTENT = re.compile(r"DO NOT MATCH THE HASHES.*?\n\s*(?P<what>\S+==\S+)", re.DOTALL)


def fetch_wheels(pins: Sequence[Pin], target: Target, folder: Path) -> Mapping[str, Path]:
    """Return one wheel for each pin by name, downloading those that are not in the folder yet.

    Raises `ConfigError` where a package has no wheel for the target, `StoreTransient` where
    no index answers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    have = _present(pins, folder)
    missing = [pin for pin in pins if pin.name not in have]
    if missing:
        _download(missing, target, folder)
        have = _present(pins, folder)
    lacking = [pin.name for pin in pins if pin.name not in have]
    if lacking:
        raise StoreError(f"pip brought no wheel of {', '.join(lacking)}", where=str(folder))
    return have


def wheel_glibc(wheel: Path) -> int:
    """Return the minor version of glibc 2 that a wheel needs at least; 0 for pure Python."""
    _, _, _, tags = parse_wheel_filename(wheel.name)
    needed = [match for tag in tags if (match := re.match(r"manylinux_2_(\d+)_", tag.platform))]
    if needed:
        return min(int(match[1]) for match in needed)
    return 17 if any("manylinux2014" in tag.platform for tag in tags) else 0


def _present(pins: Sequence[Pin], folder: Path) -> dict[str, Path]:
    """Return the wheels in the folder whose content is one that the lock allows."""
    wanted = {(canonicalize_name(pin.name), pin.version): pin for pin in pins}
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*.whl")):
        try:
            name, version, _, _ = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        pin = wanted.get((name, str(version)))
        if pin and hashlib.sha256(path.read_bytes()).hexdigest() in pin.hashes:
            found[pin.name] = path
    return found


def _download(pins: Sequence[Pin], target: Target, folder: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as requirements:
        requirements.write("".join(f"{pin.requirement}\n" for pin in pins))
        requirements.flush()
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input"]
        command += ["--retries", "3"]
        command += ["--disable-pip-version-check", "--dest", str(folder), "--no-deps"]
        command += ["--only-binary=:all:", "--require-hashes", "--implementation", "cp"]
        command += ["--python-version", target.python]
        command += [word for tag in target.platforms for word in ("--platform", tag)]
        _run([*command, "--requirement", requirements.name], target)


def _run(command: Sequence[str], target: Target) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise StoreTransient(f"pip took longer than {_SECONDS:.0f} s") from error
    if done.returncode == 0:
        return
    # Only what pip says of its retries tells that no index answered.
    _refuse(done.stdout + done.stderr, target)


def _refuse(said: str, target: Target) -> None:
    if "No module named pip" in said:
        fix = "python -m ensurepip, or install Mantissa Log with pip"
        raise ConfigError("this Python has no pip to fetch wheels with", fix=fix)
    if found := _OTHER_CONTENT.search(said):
        fix = "trust neither: find out who changed the file, or write the lock again"
        raise StoreError(f"{found['what']} is not the file that the lock names", fix=fix)
    if _UNREACHABLE.search(said):
        raise StoreTransient("no package index answers", fix="look at pip's settings and network")
    last = [line for line in said.strip().splitlines() if line.startswith("ERROR")] or [said]
    raise ConfigError(
        f"pip found no wheels for {target.name}: {last[-1].removeprefix('ERROR: ')[:300]}",
        fix="another --python or --architecture, or another version in the lock",
    )
