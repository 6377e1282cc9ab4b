"""The outermost shell: exit codes, the two forms of an error, late imports."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mantissa import __version__
from mantissa.entrypoints.cli.main import main
from mantissa.entrypoints.cli.registry import COMMANDS, Entry

HEAVY = (
    "pyarrow",
    "duckdb",
    "sqlglot",
    "sigma",
    "httpx",
    "rich",
    "orjson",
    "yaml",
    "ijson",
)
"""What takes long to import: none of it is needed to say how a command is used."""
Process = subprocess.Popen[bytes]
RUN = "import sys; from mantissa.entrypoints.cli.main import main; code = main(sys.argv[1:]); "


@pytest.fixture(autouse=True)
def trial_commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(COMMANDS, "fail", Entry("support.commands:fail", "Fail as told.", "Trial"))
    monkeypatch.setitem(
        COMMANDS, "things", Entry("support.commands:things", "Look at things.", "Trial")
    )
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("how", "code", "name"),
    [
        ("config", 2, "config"),
        ("guard", 4, "not_select"),
        ("limit", 4, "engine_timed_out"),
        ("engine", 1, "engine_rejected"),
        ("store", 1, "store"),
        ("file", 1, "error"),
        ("bug", 1, "internal"),
    ],
)
def test_each_error_has_its_exit_code_and_one_document(
    how: str, code: int, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fail", how, "--json"]) == code
    printed = capsys.readouterr()
    error = json.loads(printed.out)["error"]
    assert set(error) == {"code", "message", "where", "fix"}
    assert error["code"] == name
    assert printed.err == ""


def test_an_error_for_people_names_the_thing_the_place_and_the_fix(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["fail", "config"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "error: wrong key\n  at: mantissa.toml:3\n fix: right it\n"


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fail", "file"]) == 1
    assert capsys.readouterr().err == "error: No such file or directory\n  at: logs/a.gz\n"


@pytest.mark.parametrize("how", ["bug", "config"])
def test_a_traceback_is_shown_with_debug_only(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["fail", how])
    assert "Traceback" not in capsys.readouterr().err
    main(["fail", how, "--debug"])
    assert "Traceback" in capsys.readouterr().err


def test_a_secret_of_the_environment_is_in_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MANTISSA_SECRET_SLACK", "canary-7319")
    main(["fail", "secret", "--debug"])
    main(["fail", "secret", "--json"])
    printed = capsys.readouterr()
    assert "canary" not in printed.out + printed.err
    assert "[redacted]" in printed.out


@pytest.mark.parametrize("how", ["stop", "abort"])
def test_ctrl_c_ends_with_130(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fail", how]) == 130
    assert capsys.readouterr().err == "Stopped.\n"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["zzz"], "no command 'zzz'"),
        (["init", "--hmoe", "x"], "--hmoe"),
        (["init", "a", "b"], "b"),
        (["things", "lst"], "'lst'"),
        (["things", "list", "--count", "x"], "--count"),
        (["fail"], "HOW"),
    ],
)
def test_wrong_usage_is_an_error_like_others(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*argv, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "usage"
    assert message.lower() in error["message"].lower()
    assert "--help" in error["fix"]


def test_a_misspelt_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inti"]) == 2
    assert "did you mean 'init'?" in capsys.readouterr().err


def test_words_after_a_double_dash_are_no_flags(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing", "--", "--json"]) == 2
    assert capsys.readouterr().out == ""


def test_a_command_may_end_with_a_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["things", "list", "--count", "1", "--jsonl"]) == 3
    assert capsys.readouterr().out == '{"id": 0}\n'


def test_every_command_finds_its_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MANTISSA_QUERY_MAX_ROWS", "5")
    assert main(["things", "where", "--home", "deep", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"home": str(tmp_path / "deep"), "max_rows": 5}


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"], ["things"], ["things", "--help"]])
def test_help_is_shown_to_whoever_asks_or_says_nothing(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 0
    assert "Usage: mantissa" in capsys.readouterr().out


def test_the_overview_groups_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert "Trial:\n" in shown


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"mantissa {__version__}\n"


@pytest.mark.parametrize("argv", [["--help"], ["init", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(argv: list[str]) -> None:
    script = RUN + "print(sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script, *argv], capture_output=True, text=True, check=True
    )
    loaded = done.stderr
    assert "'typer'" in loaded
    assert [name for name in HEAVY if f"'{name}'" in loaded] == []


def test_the_overview_imports_no_command() -> None:
    script = RUN + "print('mantissa.entrypoints.cli.init' in sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script, "--help"], capture_output=True, text=True, check=True
    )
    assert done.stderr == "False\n"


def _start(*argv: str, out: int = subprocess.PIPE, err: int = subprocess.PIPE) -> Process:
    """Run a trial command in a process of its own."""
    script = (
        # Whoever runs tests in the background ignores Ctrl+C, and children inherit that.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "import sys; from mantissa.entrypoints.cli.registry import COMMANDS, Entry;"
        "COMMANDS['things'] = Entry('support.commands:things', '', '');"
        "from mantissa.entrypoints.cli.main import run; run()"
    )
    tests = str(Path(__file__).resolve().parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", script, *argv],
        stdout=out,
        stderr=err,
        env={**os.environ, "PYTHONPATH": tests, "TERM": "xterm-256color", "COLUMNS": "80"},
    )


@pytest.mark.parametrize("form", [(), ("--json",), ("--jsonl",), ("--debug",)])
def test_on_a_real_terminal_hostile_text_stays_text(form: tuple[str, ...]) -> None:
    ours, theirs = pty.openpty()
    with _start("things", "hostile", *form, out=theirs, err=theirs) as process:
        os.close(theirs)
        shown = _read_terminal(ours)
        assert process.wait() == 2
    styled = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert "owned" in styled
    # The terminal itself turns each line break into CR LF.
    assert not re.search(
        "[^\\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", styled.replace("\r\n", "\n")
    )


def _read_terminal(descriptor: int) -> str:
    """Read until the other side is closed, which Linux reports as an error."""
    read = b""
    with open(descriptor, "rb", buffering=0) as terminal:
        while True:
            try:
                part = terminal.read(4096)
            except OSError:
                part = b""
            if not part:
                return read.decode()
            read += part


def test_a_reader_that_leaves_is_no_error() -> None:
    with _start("things", "flood") as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_a_real_ctrl_c_ends_with_130() -> None:
    with _start("things", "flood") as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(10)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.stderr.read() == b"Stopped.\n"
        assert process.wait() == 130


def test_an_encoding_that_lacks_a_character_does_not_stop_a_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN + "sys.exit(code)", "init", "日本"],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert done.returncode == 0
    assert rb"\u65e5\u672c" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_the_names_of_commands(shell: str) -> None:
    environ = {
        **os.environ,
        "_MANTISSA_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "mantissa in",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "mantissa in",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, env=environ, check=False
    )
    assert "init" in done.stdout
    assert done.stderr == ""
