"""`make trino`: what comes is checked, unpacked whole or not at all, and fetched once."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

import fetch_trino
from fetch_trino import Artefact, Unavailable

# A Maven that copies prepared files, and counts how often it was asked.
MAVEN = """#!/bin/sh
for word in "$@"; do
  case "$word" in
    -DoutputDirectory=*) out="${word#*=}" ;;
    -Dartifact=*) artefact="${word#*=}" ;;
  esac
done
echo "$artefact" >> "$FAKE/asked"
name=$(echo "$artefact" | cut -d: -f2)
kind=$(echo "$artefact" | cut -d: -f4)
[ -f "$FAKE/$name.$kind" ] || { echo "[ERROR] Could not find artifact $artefact"; exit 1; }
cp "$FAKE/$name.$kind" "$out/$name-476.$kind"
"""
JAVA = "#!/bin/sh\necho 'openjdk version \"{}\" 2026-01-01' >&2\n"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a fake Maven on PATH and the two archives that it copies."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    program(folder / "mvn", MAVEN)
    with tarfile.open(folder / "trino-server-core.tar.gz", "w:gz") as archive:
        for name in ("lib/server.jar", "bin/launcher", "plugin/geospatial/geo.jar"):
            member = tarfile.TarInfo(f"trino-server-core-476/{name}")
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
    with zipfile.ZipFile(folder / "trino-hive.zip", "w") as archive_of_jars:
        archive_of_jars.writestr("trino-hive-476/hive.jar", "hive")
    monkeypatch.setenv("FAKE", str(folder))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def artefacts(shelf: Path) -> tuple[Artefact, Artefact]:
    return tuple(  # type: ignore[return-value]
        Artefact(name, kind, hashlib.sha256((shelf / f"{name}.{kind}").read_bytes()).hexdigest())
        for name, kind in (("trino-server-core", "tar.gz"), ("trino-hive", "zip"))
    )


def asked(shelf: Path) -> list[str]:
    return (shelf / "asked").read_text(encoding="utf-8").split()


def test_it_is_unpacked_with_hive_as_its_only_plugin(shelf: Path, tmp_path: Path) -> None:
    home = tmp_path / "cache" / "trino" / "476"
    assert fetch_trino.install(home, *artefacts(shelf)) is True
    files = sorted(p.relative_to(home).as_posix() for p in home.rglob("*") if p.is_file())
    assert files == ["bin/launcher", "lib/server.jar", "plugin/hive/hive.jar"]
    assert [p.name for p in home.parent.iterdir()] == ["476"], "nothing else stays behind"


def test_a_second_run_fetches_nothing(shelf: Path, tmp_path: Path) -> None:
    home = tmp_path / "476"
    fetch_trino.install(home, *artefacts(shelf))
    assert fetch_trino.install(home, *artefacts(shelf)) is False
    assert asked(shelf) == [
        "io.trino:trino-server-core:476:tar.gz",
        "io.trino:trino-hive:476:zip",
    ]


def test_what_has_another_sum_is_removed_and_named(shelf: Path, tmp_path: Path) -> None:
    server, hive = artefacts(shelf)
    (shelf / "trino-hive.zip").write_bytes(b"not what was pinned")
    with pytest.raises(Unavailable, match=r"trino-hive-476.zip has sha256 .* it was removed"):
        fetch_trino.install(tmp_path / "cache" / "476", server, hive)
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_maven_cannot_fetch_is_named(shelf: Path, tmp_path: Path) -> None:
    pair = artefacts(shelf)
    (shelf / "trino-server-core.tar.gz").unlink()
    with pytest.raises(Unavailable, match=r"Could not find artifact io\.trino") as caught:
        fetch_trino.install(tmp_path / "476", *pair)
    assert "make trino" in caught.value.fix
    assert not (tmp_path / "476").exists()


def test_no_maven_is_said_with_its_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="mvn is not on PATH") as caught:
        fetch_trino.install(tmp_path / "476")
    assert "apt install maven" in caught.value.fix


def test_another_run_may_be_faster(shelf: Path, tmp_path: Path) -> None:
    home = tmp_path / "476"
    text = MAVEN + f'mkdir -p "{home}/lib" "{home}/plugin/hive"; touch "{home}/lib/theirs"\n'
    program(shelf / "mvn", text)
    assert fetch_trino.install(home, *artefacts(shelf)) is True
    assert [p.name for p in (home / "lib").iterdir()] == ["theirs"]


def test_a_folder_with_something_else_is_not_overwritten(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "476").mkdir()
    (tmp_path / "476" / "mine").touch()
    with pytest.raises(Unavailable, match="holds no Trino"):
        fetch_trino.install(tmp_path / "476", *artefacts(shelf))
    assert (tmp_path / "476" / "mine").exists()


@pytest.mark.parametrize(
    ("environ", "home"),
    [
        ({"MANTISSA_CACHE": "/c"}, Path("/c/trino/476")),
        ({"XDG_CACHE_HOME": "/x"}, Path("/x/mantissa-log/trino/476")),
        ({}, Path.home() / ".cache/mantissa-log/trino/476"),
    ],
)
def test_the_cache_is_outside_the_repository(environ: dict[str, str], home: Path) -> None:
    assert fetch_trino.home(environ) == home


def test_java_home_comes_first_when_it_is_new_enough(tmp_path: Path) -> None:
    named = program(tmp_path / "jdk" / "bin" / "java", JAVA.format("25.0.3"))
    on_path = program(tmp_path / "path" / "java", JAVA.format("24"))
    environ = {"JAVA_HOME": str(tmp_path / "jdk"), "PATH": str(tmp_path / "path")}
    assert fetch_trino.find_java(environ) == named
    program(named, JAVA.format("17.0.1"))
    assert fetch_trino.find_java(environ) == on_path


@pytest.mark.parametrize(
    ("version", "number"), [("1.8.0_402", 8), ("17.0.1", 17), ("24-ea", 24), ("25", 25)]
)
def test_versions_of_java(tmp_path: Path, version: str, number: int) -> None:
    assert fetch_trino.java_version(program(tmp_path / "java", JAVA.format(version))) == number


def test_what_does_not_run_is_no_java(tmp_path: Path) -> None:
    assert fetch_trino.java_version(tmp_path / "nothing") == 0
    assert fetch_trino.java_version(program(tmp_path / "java", "#!/bin/sh\nexit 3\n")) == 0


def test_only_old_javas_are_said_with_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = program(tmp_path / "java", JAVA.format("17.0.1"))
    monkeypatch.setattr(fetch_trino, "HOMES", ())
    with pytest.raises(Unavailable, match=f"needs Java 24 or newer.*{old} is Java 17") as caught:
        fetch_trino.find_java({"PATH": str(tmp_path), "JAVA_HOME": str(tmp_path / "none")})
    assert "JAVA_HOME" in caught.value.fix


def test_a_missing_server_is_said_with_the_command(tmp_path: Path) -> None:
    missing = fetch_trino.missing({"MANTISSA_CACHE": str(tmp_path)})
    assert str(tmp_path) in missing and "make trino" in missing


def test_errors_of_the_command_name_the_fix(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    java = program(tmp_path / "jdk" / "bin" / "java", JAVA.format("25"))
    monkeypatch.setenv("JAVA_HOME", str(java.parent.parent))
    monkeypatch.setenv("MANTISSA_CACHE", str(tmp_path / "cache"))
    assert fetch_trino.main() == 2
    error = capsys.readouterr().err
    assert "sha256" in error and "fix: " in error
    shutil.copytree(shelf, tmp_path / "cache" / "trino" / "476" / "lib")
    (tmp_path / "cache" / "trino" / "476" / "plugin" / "hive").mkdir(parents=True)
    assert fetch_trino.main() == 0
    assert str(java) in capsys.readouterr().out
