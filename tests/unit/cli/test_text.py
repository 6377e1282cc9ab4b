import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.entrypoints.cli.text import json_safe, redact, visible, visible_lines

STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")
ANY_TEXT = st.text(st.characters(codec=None), max_size=60) | st.text(
    st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=20
)


def is_calm(text: str, kept: str = "") -> bool:
    return all(c in kept or unicodedata.category(c) not in STEERING for c in text)


@given(ANY_TEXT)
def test_nothing_that_steers_a_terminal_is_printed(text: str) -> None:
    assert is_calm(visible(text))
    assert is_calm(visible_lines(text), kept="\n")


def test_no_steering_character_of_unicode_is_forgotten() -> None:
    everything = "".join(map(chr, range(0x110000)))
    assert is_calm(visible(everything))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b]0;owned\x07", "␛]0;owned␇"),
        ("a\r\nb\tc", "a␍␊b␉c"),
        ("\x7f\x9b31m", "␡\\u009b31m"),
        ("invoice\u202efdp.exe", "invoice\\u202efdp.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("bad\udc80byte", "bad\\udc80byte"),
        ("é 日本 🙂", "é 日本 🙂"),
    ],
)
def test_hostile_text_is_spelled_out(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


def test_lines_of_our_own_stay_lines() -> None:
    assert visible_lines("a\nb\r") == "a\nb␍"


@given(st.recursive(ANY_TEXT, lambda v: st.lists(v) | st.dictionaries(ANY_TEXT, v), max_leaves=8))
def test_a_safe_document_keeps_its_value(value: object) -> None:
    document = json_safe(json.dumps(value, ensure_ascii=False, indent=1))
    # Two halves of a surrogate pair that stand side by side are one character in JSON.
    assert json.loads(document) == json.loads(json.dumps(value))
    assert is_calm(document, kept="\n")


def test_credentials_are_blotted_out() -> None:
    text = (
        "POST https://hooks.slack.com/services/T0/B0/abc failed, Authorization: Bearer ey.J1 "
        "key canary-1"
    )
    assert redact(text, ("canary-1",)) == (
        "POST https://hooks.slack.com/services/[redacted] failed, "
        "Authorization: Bearer [redacted] key [redacted]"
    )
