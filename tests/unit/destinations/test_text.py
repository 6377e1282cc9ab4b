"""Text of anyone's writing in other people's products (S-03, S-04)."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.adapters.destinations.slack_blocks import code, escaped, payload
from mantissa.adapters.destinations.text import defang, safe, visible
from support.destinations import message
from support.receiver import slack_problem

HOSTILE = [
    "<!channel>",
    "<!here|here>",
    "<@U012AB3CD>",
    "<#C012>",
    "<http://evil.example|Okta login>",
    "&lt;!channel&gt;",
    "`*_~> quote",
    "```\ncode\n```",
    "\x1b[2J\x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
    "\u202egnp.exe",
    "a\u200bb\u2066c\ufeff",
    "line\r\nFAKE: line",
    "\x00\x7f\x9b31m",
    "javascript:alert(1)",
    "[x](http://evil.example)",
    ":smile: :ghost:",
    "\U000e0041\U000e0042",
    "{x.__class__} {{7*7}}",
    "@channel @everyone",
]
text = st.one_of(st.sampled_from(HOSTILE), st.text(), st.text("<>&`*_~|@!# \n", max_size=60))


@given(text)
def test_nothing_hidden_is_left(value: str) -> None:
    assert visible(value).isprintable()
    assert visible(value, lines=True).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\x1b[31m", "␛[31m"),
        ("a\r\nb", "a␍␊b"),
        ("\u202eabc", "\\u202eabc"),
        ("\x9b", "\\u009b"),
        ("\x7f", "␡"),
        ("\U000e0041", "\\U000e0041"),
        ("a\u00a0b", "a b"),
        ("Zoë 日本 ☂", "Zoë 日本 ☂"),
    ],
)
def test_what_is_hidden_is_shown(value: str, shown: str) -> None:
    assert visible(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://evil.example/a.b?c", "hxxp://evil[.]example/a.b?c"),
        ("HTTPS://Evil.example", "HxxPS://Evil[.]example"),
        ("xhttp://evil.example", "xhxxp://evil[.]example"),
        ("ftp://evil.example", "ftp[:]//evil.example"),
        ("slack://open", "slack[:]//open"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("mailto:x@y.example", "mailto[:]x@y.example"),
        ("time: 12:00 203.0.113.7", "time: 12:00 203.0.113.7"),
    ],
)
def test_links_are_broken(value: str, shown: str) -> None:
    assert defang(value) == shown
    assert defang(shown) == shown


@given(text, st.integers(1, 50))
def test_safe_text_is_short(value: str, most: int) -> None:
    assert len(safe(value, most)) <= most


@given(text, st.integers(1, 40))
def test_escaping_is_exact_and_cuts_no_entity(value: str, most: int) -> None:
    shown = escaped(value, most)
    assert len(shown) <= most
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", shown)
    back = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert value.startswith(back.removesuffix("…"))


@given(text)
def test_a_code_span_cannot_be_left(value: str) -> None:
    shown = code(value, 500)
    assert shown.count("`") == 2
    assert shown[0] == shown[-1] == "`"
    assert "\n" not in shown


def texts(value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        own = [(value["type"], value["text"])] if isinstance(value.get("text"), str) else []
        return own + [pair for item in value.values() for pair in texts(item)]
    return [pair for item in value for pair in texts(item)] if isinstance(value, list) else []


@given(text, text, text, text)
def test_no_content_speaks_slacks_language(a: str, b: str, c: str, d: str) -> None:
    made = payload(
        message(title=a, text=b, fields=((c, d), ("Q", d * 50)), samples=(d,), entities={c: a})
    )
    assert slack_problem(made) is None
    for kind, shown in [*texts(made["blocks"]), ("mrkdwn", made["text"])]:
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", shown)
        assert shown.replace("\n", "").isprintable()
        if kind == "mrkdwn" and shown != made["text"]:
            assert re.fullmatch(r"\*[^*`]*\*\n`[^`]*`", shown), shown
    assert made["link_names"] is made["unfurl_links"] is made["unfurl_media"] is False
    orjson.dumps(made)


def test_what_a_person_sees() -> None:
    made = payload(message())
    blocks = made["blocks"]
    assert made["text"] == "🟠 HIGH · Console login without MFA"
    assert blocks[0]["text"] == {
        "type": "plain_text",
        "text": "🟠 HIGH · Console login without MFA",
        "emoji": False,
    }
    assert blocks[1]["text"]["text"].startswith("A person signed in.\n1 finding")
    assert [f["text"] for f in blocks[2]["fields"]] == [
        "*actor_user*\n`mira`",
        "*src_ip*\n`203.0.113.7`",
        "*eventname*\n`ConsoleLogin`",
    ]
    assert blocks[3]["text"]["text"].startswith("*Query*\n`SELECT x, x")
    assert "a" * 64 in blocks[-1]["elements"][0]["text"]


def test_a_fields_name_cannot_be_markup() -> None:
    made = payload(message(entities={"_a_b_ *c* ~d~ `e`": "x"}, fields=()))
    assert made["blocks"][2]["fields"][0]["text"] == "*＿a_b＿ ∗c∗ ∼d∼ ˋeˋ*\n`x`"


def test_the_footer_survives_a_message_of_many_blocks() -> None:
    made = payload(message(samples=("s",) * 200))
    assert len(made["blocks"]) == 50
    assert made["blocks"][-1]["type"] == "context"
