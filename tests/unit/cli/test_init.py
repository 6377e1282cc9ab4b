import json
import stat
from pathlib import Path

import pytest

from mantissa.config.reading import load_settings
from mantissa.config.settings import Settings
from mantissa.entrypoints.cli.main import main


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def init(*argv: str) -> int:
    return main(["init", *argv])


def test_a_new_lake_has_its_folders_and_settings_that_change_nothing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init("lake", "--json") == 0
    home = here / "lake"
    assert json.loads(capsys.readouterr().out)["home"] == str(home)
    assert {p.name for p in home.iterdir()} == {
        *("lake", "quarantine", "manifest", "rules", "sources"),
        *("mantissa.toml", "secrets.toml"),
    }
    assert load_settings(home, {}) == Settings(home=home, file=home / "mantissa.toml")


def test_only_the_owner_may_look_into_it(here: Path) -> None:
    init("lake")
    assert mode(here / "lake") == 0o700
    assert mode(here / "lake" / "secrets.toml") == 0o600


def test_doing_it_again_changes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    init("lake")
    (here / "lake" / "mantissa.toml").write_text("[query]\nmax_rows = 1\n")
    capsys.readouterr()
    assert init("lake", "--json") == 0
    assert json.loads(capsys.readouterr().out)["created"] == []
    assert load_settings(here / "lake", {}).query.max_rows == 1


def test_without_a_name_it_is_the_home_that_other_commands_use(here: Path) -> None:
    assert init() == 0
    assert (here / ".mantissa" / "mantissa.toml").is_file()
    assert init("--home", "other") == 0
    assert (here / "other" / "mantissa.toml").is_file()


def test_two_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert init("a", "--home", "b") == 2
    assert "DIR and --home" in capsys.readouterr().err


def test_a_place_that_cannot_be_a_lake_is_an_error(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "file").touch()
    assert init("file/lake") == 2
    assert str(here / "file") in capsys.readouterr().err


def test_a_name_that_steers_a_terminal_is_spelled_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert init("x\x1b[2Jy") == 0
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    assert "x␛[2Jy" in printed.out
