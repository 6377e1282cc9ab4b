"""Fetch the Trino server that the tests run, into a cache folder outside the repository.

    python tools/fetch_trino.py

Athena engine 3 is Trino, so the product's SQL is proven on Trino itself. The server and its Hive
connector come by Maven, pinned by version and sha256. A second run does nothing.

This module may not be called `trino`: `tools/` is on the tests' path and would hide the client.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

VERSION = "476"
JAVA = 24
"""The oldest Java that Trino 476 starts on."""

HOMES = (
    "usr/lib/jvm/*",
    "usr/java/*",
    "opt/java/*",
    "opt/*jdk*",
    "Library/Java/JavaVirtualMachines/*/Contents/Home",
    "opt/homebrew/opt/openjdk*",
    f"{Path.home().relative_to('/')}/.sdkman/candidates/java/*",
)
"""Where systems keep JDKs, from the root."""

COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


@dataclass(frozen=True)
class Artefact:
    """One file of a Maven repository, and what it must be."""

    name: str
    kind: str
    sha256: str

    @property
    def coordinates(self) -> str:
        """Return what Maven's `-Dartifact` takes."""
        return f"io.trino:{self.name}:{VERSION}:{self.kind}"

    @property
    def file(self) -> str:
        """Return the name that Maven gives the copy."""
        return f"{self.name}-{VERSION}.{self.kind}"


SERVER = Artefact(
    "trino-server-core",
    "tar.gz",
    "0f388f9967c177ae70a47c099082fc95387f0c3cb96d8000d1d41fc3a5223158",
)
HIVE = Artefact(
    "trino-hive",
    "zip",
    "611bacdb07d9f3cf7b9d47f97ecc76fa2e7ff8bfe8a9728c3d06adc1bfb8662e",
)


class Unavailable(Exception):
    """Trino cannot be had on this machine; `fix` says what would change that."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the unpacked server is kept, whether or not it is there."""
    named = environ.get("MANTISSA_CACHE")
    if named:
        return Path(named).expanduser() / "trino" / VERSION
    caches = environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "mantissa-log" / "trino" / VERSION


def is_installed(folder: Path) -> bool:
    """Return whether the server is there; its folder appears whole or not at all."""
    return (folder / "lib").is_dir() and (folder / "plugin" / "hive").is_dir()


def install(folder: Path, server: Artefact = SERVER, hive: Artefact = HIVE) -> bool:
    """Fetch, check and unpack Trino into `folder`; False if it was there already.

    Raises `Unavailable`.
    """
    if is_installed(folder):
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{VERSION}-", dir=folder.parent) as scratch:
        work = Path(scratch)
        staged = _unpacked(_fetched(server, work), _fetched(hive, work), work / "unpacked")
        # A rename within one folder is atomic. It fails where another run was faster.
        with suppress(OSError):
            staged.rename(folder)
    if not is_installed(folder):
        raise Unavailable(
            f"{folder} is there but holds no Trino", f"remove it, then run `make trino`: {folder}"
        )
    return True


def _fetched(artefact: Artefact, work: Path) -> Path:
    """Return the artefact's file in `work`, checked. What does not match is removed."""
    _run_maven(artefact, work)
    path = work / artefact.file
    if not path.is_file():
        raise Unavailable(
            f"Maven said it copied {artefact.coordinates}, but {artefact.file} is not there",
            "look at Maven's settings (settings.xml), then run `make trino` again",
        )
    found = _sha256(path)
    if found != artefact.sha256:
        path.unlink()
        raise Unavailable(
            f"{artefact.file} has sha256 {found}, not {artefact.sha256}; it was removed",
            "run `make trino` again; if it stays so, the mirror that Maven uses serves another file",
        )
    return path


def _run_maven(artefact: Artefact, work: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable(
            "the program mvn is not on PATH, and Trino is fetched by Maven",
            "install Maven (Debian and Ubuntu: apt install maven)",
        )
    # A local repository of its own: a broken download is not kept, nor 450 MB in the user's.
    words = [maven, "-q", "-B", f"-Dmaven.repo.local={work / 'repository'}", COPY]
    words += [f"-Dartifact={artefact.coordinates}", f"-DoutputDirectory={work}"]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        reason = next((line for line in said if "ERROR" in line), "no reason given")
        raise Unavailable(
            f"Maven could not fetch {artefact.coordinates}: {reason[:300]}",
            "see that this machine reaches a Maven repository, then run `make trino` again",
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _unpacked(server: Path, hive: Path, target: Path) -> Path:
    """Unpack the server without its plugins, and Hive as the only one."""
    with tarfile.open(server) as archive:
        wanted = [m for m in archive if m.name.split("/")[1:2] not in (["plugin"], [""])]
        archive.extractall(target, members=wanted, filter="data")
    (unpacked,) = target.iterdir()
    with zipfile.ZipFile(hive) as archive_of_jars:
        archive_of_jars.extractall(target)
    plugins = unpacked / "plugin"
    plugins.mkdir()
    (jars,) = (path for path in target.iterdir() if path != unpacked)
    jars.rename(plugins / "hive")
    return unpacked


def find_java(environ: Mapping[str, str] = os.environ) -> Path:
    """Return a `java` that Trino starts on: JAVA_HOME's, PATH's, or one the system keeps.

    Raises `Unavailable`, naming what was found instead.
    """
    old: list[str] = []
    for program in _javas(environ):
        version = java_version(program)
        if version >= JAVA:
            return program
        old.append(f"{program} is Java {version}" if version else f"{program} does not run")
    seen = "; ".join(dict.fromkeys(old)) or "none was found"
    raise Unavailable(
        f"Trino {VERSION} needs Java {JAVA} or newer ({seen})",
        f"install a JDK {JAVA} or newer and set JAVA_HOME to it",
    )


def _javas(environ: Mapping[str, str]) -> Iterator[Path]:
    if environ.get("JAVA_HOME"):
        yield Path(environ["JAVA_HOME"]) / "bin" / "java"
    if on_path := shutil.which("java", path=environ.get("PATH")):
        yield Path(on_path)
    for pattern in HOMES:
        # The newest of a folder sorts last, and its version is asked for anyway.
        for home in sorted(Path("/").glob(pattern), reverse=True):
            yield home / "bin" / "java"


def java_version(program: Path) -> int:
    """Return the feature version of a `java` program, 0 if it does not run."""
    try:
        done = subprocess.run(
            [program, "-version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    # Up to Java 8 the first number was 1.
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(found[1]) if found and not done.returncode else 0


def missing(environ: Mapping[str, str] = os.environ) -> str:
    """Return what keeps Trino from being started here, or nothing."""
    folder = home(environ)
    if not is_installed(folder):
        return f"there is no Trino {VERSION} in {folder}; `make trino` fetches it"
    try:
        find_java(environ)
    except Unavailable as reason:
        return f"{reason}; {reason.fix}"
    return ""


def main() -> int:
    """Install Trino and say where it and its Java are."""
    folder = home()
    try:
        java = find_java()
        fetched = install(folder)
    except Unavailable as reason:
        print(f"error: {reason}\n  fix: {reason.fix}", file=sys.stderr)
        return 2
    print(f"Trino {VERSION} {'was put' if fetched else 'is'} in {folder}; it runs on {java}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
