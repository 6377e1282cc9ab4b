"""Which engine judges, from the command line; and what `rules list` says starts a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import Shell, trail

QUEUE = "https://sqs.example/123456789012/mantissa-dev-detect"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path / "lake")
    made("init")
    return made


@pytest.mark.parametrize("words", [(), ("--engine", "auto"), ("--engine", "duckdb")])
def test_on_a_laptop_the_embedded_engine_judges(shell: Shell, words: tuple[str, ...]) -> None:
    shell("ingest", str(trail(shell.home.parent / "raw", "a.json", [1, 2])))
    assert shell.json("detect", *words)["engines"] == ["duckdb"]


def test_ingest_says_which_engine_judged(shell: Shell) -> None:
    place = str(trail(shell.home.parent / "raw", "a.json", [1, 2]))
    assert shell.json("ingest", place, "--detect")["detection"]["engines"] == ["duckdb"]
    assert shell.json("detect")["engines"] == []


def test_people_are_told_too(shell: Shell) -> None:
    assert (
        "s on duckdb)"
        in shell("ingest", str(trail(shell.home.parent / "raw", "a.json", [1, 2])), "--detect").out
    )


def test_athena_is_refused_with_help(shell: Shell) -> None:
    error = shell("detect", "--engine", "athena", "--json", code=2).error
    assert "no Athena" in error["message"]
    assert "duckdb" in error["fix"]
    assert shell("detect", "--engine", "sqlite", "--json", code=2).error["fix"].startswith("one of")


def test_a_setting_that_cannot_be_is_refused_before_anything_is_judged(shell: Shell) -> None:
    shell("ingest", str(trail(shell.home.parent / "raw", "a.json", [1, 2])))
    (shell.home / "mantissa.toml").write_text('[detection]\nengine = "athena"\n')
    assert "no Athena" in shell("detect", "--json", code=2).error["message"]
    assert shell.json("detect", "--engine", "duckdb")["objects_judged"] == 1


def test_a_rule_is_immediate_where_commits_wake_detection(shell: Shell) -> None:
    def modes() -> set[str]:
        return {entry["mode"] for entry in shell.json("rules", "list")["rules"]}

    assert modes() == {"scheduled", "member"}
    (shell.home / "mantissa.toml").write_text(f'[aws]\ndetect_queue = "{QUEUE}"\n')
    assert modes() == {"immediate", "member"}
    settings = f'[aws]\ndetect_queue = "{QUEUE}"\n[detection]\nimmediate = false\n'
    (shell.home / "mantissa.toml").write_text(settings)
    assert modes() == {"scheduled", "member"}
