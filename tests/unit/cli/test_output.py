import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.entrypoints.cli.output import Manner, Output, cell
from mantissa.errors import GuardRefused, MantissaError

HOSTILE = "x\x1b[2J\u202e\r\ny [red]"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Seconds:
    """A monotonic clock that moves when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def piped(manner: Manner | None = None) -> tuple[Output, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Output(out, err, manner), out, err


def test_with_json_the_result_is_exactly_one_document() -> None:
    output, out, err = piped(Manner(form="json"))
    output.note("aside")
    output.result({"a": HOSTILE}, lambda: output.say("for people"))
    assert json.loads(out.getvalue()) == {"a": HOSTILE}
    assert "\x1b" not in out.getvalue()
    assert err.getvalue() == "aside\n"


def test_lists_come_as_a_document_as_lines_or_as_a_table() -> None:
    rows = [{"id": "a", "n": 1}, {"id": "b\x1b", "n": 2000, "more": []}]
    output, out, _ = piped(Manner(form="json"))
    output.listing("things", rows, ("id", "n"))
    assert json.loads(out.getvalue()) == {"things": rows}
    output, out, _ = piped(Manner(form="jsonl"))
    output.listing("things", rows, ("id", "n"))
    assert [json.loads(line) for line in out.getvalue().splitlines()] == rows
    output, out, _ = piped()
    output.listing("things", rows, ("id", "n"))
    assert [line.split() for line in out.getvalue().splitlines()] == [
        ["id", "n"],
        ["a", "1"],
        ["b␛", "2,000"],
    ]


def test_an_empty_list_says_so_on_the_side_only() -> None:
    output, out, err = piped()
    output.listing("alerts", [], ("id",))
    assert (out.getvalue(), err.getvalue()) == ("", "No alerts.\n")


def test_a_table_in_a_pipe_is_neither_cut_nor_coloured() -> None:
    output, out, _ = piped()
    output.table(("a", "b"), [("x" * 500, "[bold]:smile:")])
    assert "x" * 500 in out.getvalue()
    assert "[bold]:smile:" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_a_table_on_a_terminal_shows_hostile_text_harmlessly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    out = Terminal()
    Output(out, Terminal(), Manner(plain=True)).table(("a",), [(HOSTILE * 5,)])
    assert "[2J" in out.getvalue()
    assert "\x1b[2J" not in out.getvalue()
    assert "\u202e" not in out.getvalue()


@given(st.text(), st.sampled_from(["text", "json"]))
def test_no_error_carries_control_characters_or_more_than_three_lines(text: str, form: str) -> None:
    output, out, err = piped(Manner(form=form))  # type: ignore[arg-type]
    output.error(MantissaError(text, where=text, fix=text))
    printed = out.getvalue() + err.getvalue()
    assert printed.count("\n") <= 3
    assert all(c == "\n" or c >= " " for c in printed)


def test_an_error_for_programs_has_the_contracts_keys() -> None:
    output, out, err = piped(Manner(form="json"))
    output.error(GuardRefused("no", code="not_select", fix="ask SELECT"))
    assert json.loads(out.getvalue()) == {
        "error": {"code": "not_select", "message": "no", "where": None, "fix": "ask SELECT"}
    }
    assert err.getvalue() == ""


def test_an_error_is_never_longer_than_a_screen() -> None:
    output, _, err = piped()
    output.error(MantissaError("x" * 10_000))
    assert len(err.getvalue()) < 1100


def test_secrets_are_blotted_out_of_errors_notes_and_traces() -> None:
    output, _, err = piped(Manner(secrets=("canary-7319",)))
    output.error(MantissaError("bad key canary-7319", where="canary-7319"))
    output.warn("canary-7319")
    output.trace("Traceback canary-7319")
    assert "canary" not in err.getvalue()
    assert err.getvalue().count("[redacted]") == 4


def test_quiet_keeps_results_warnings_and_errors() -> None:
    output, out, err = piped(Manner(quiet=True))
    output.note("a note")
    output.warn("a warning")
    output.say("a result")
    assert err.getvalue() == "warning: a warning\n"
    assert out.getvalue() == "a result\n"


def progress_on(out: io.StringIO, err: io.StringIO, manner: Manner | None = None) -> str:
    seconds = Seconds()
    output = Output(out, err, manner, monotonic=seconds)
    with output.progress("Reading\x1b", total=10, unit="files") as bar:
        bar.advance(1)
        before = err.getvalue()
        seconds.now += 1.5
        bar.advance(4)
        output.warn("look")
    assert before == ""
    return err.getvalue()


def test_a_bar_appears_after_a_second_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    drawn = progress_on(Terminal(), Terminal())
    assert "Reading␛" in drawn
    assert "5/10" in drawn
    assert "3 files/s" in drawn
    assert "warning: look" in drawn


@pytest.mark.parametrize(
    ("out", "err", "manner"),
    [
        (io.StringIO(), Terminal(), Manner()),
        (Terminal(), io.StringIO(), Manner()),
        (Terminal(), Terminal(), Manner(quiet=True)),
        (Terminal(), Terminal(), Manner(plain=True)),
    ],
    ids=["stdout piped", "stderr piped", "quiet", "NO_COLOR"],
)
def test_no_bar_where_nobody_wants_one(out: io.StringIO, err: io.StringIO, manner: Manner) -> None:
    assert progress_on(out, err, manner) == "warning: look\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (1234567, "1,234,567"),
        (True, "true"),
        ("a\nb", "a␊b"),
        ({"a": "\x1b"}, '{"a": "\\u001b"}'),
    ],
)
def test_cells(value: object, shown: str) -> None:
    assert cell(value) == shown
