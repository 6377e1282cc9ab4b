"""A message as Slack's Block Kit, in which no log line can draw, mention, link or overflow.

Limits as Slack documents them (docs.slack.dev, Block Kit reference): header 150 characters,
section text 3,000, ten fields of 2,000, 50 blocks. Text from logs goes into `plain_text`
objects, where no markup is read, or into code spans. `&`, `<` and `>` are escaped everywhere:
they are the only characters that Slack's text format gives a meaning that way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from mantissa.adapters.destinations.text import safe, shorten
from mantissa.model import Message, Severity

HEADER = 150
SECTION = 3000
FIELD = 2000
FIELDS = 10
BLOCKS = 50
_SHORT = 180
"""Longer values get a section of their own instead of half a line."""

_MARKS = {
    Severity.INFORMATIONAL: "⚪",
    Severity.LOW: "🔵",
    Severity.MEDIUM: "🟡",
    Severity.HIGH: "🟠",
    Severity.CRITICAL: "🔴",
}

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_NO_MARKUP = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})
_EDGE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
"""An underscore inside a word means nothing to Slack; at its edge it begins italics."""

Block = dict[str, Any]


def payload(message: Message) -> dict[str, Any]:
    """Make the JSON body that both incoming webhooks and `chat.postMessage` take."""
    headline = f"{_MARKS[message.level]} {message.level.upper()} · {safe(message.title, HEADER)}"
    return {
        "text": escaped(headline, HEADER),
        "blocks": [*list(_blocks(message, headline))[: BLOCKS - 1], _footer(message)],
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "mrkdwn": False,
    }


def escaped(text: str, most: int) -> str:
    """Escape Slack's three characters, cutting before so that no entity is cut in half."""
    parts, length = [], 0
    for character in shorten(text, most):
        part = _ENTITIES.get(character, character)
        length += len(part)
        if length > most:
            break
        parts.append(part)
    return "".join(parts)


def code(text: str, most: int) -> str:
    """Make a code span that its own text cannot end."""
    body = escaped(safe(text, most).replace("`", "ˋ"), most - 2)
    return f"`{body}`" if body.strip() else "`∅`"


def _blocks(message: Message, headline: str) -> Iterator[Block]:
    yield {"type": "header", "text": _plain(headline, HEADER)}
    if message.text:
        yield {"type": "section", "text": _plain(safe(message.text, SECTION, lines=True), SECTION)}
    pairs = [*message.entities.items(), *message.fields]
    short = [_field(*pair) for pair in pairs if len(pair[1]) <= _SHORT]
    for start in range(0, len(short), FIELDS):
        yield {"type": "section", "fields": short[start : start + FIELDS]}
    for label, value in (p for p in pairs if len(p[1]) > _SHORT):
        yield _long(label, value)
    yield from _samples(message.samples)


def _field(label: str, value: str) -> Block:
    name = _label(label)
    return _markup(f"*{name}*\n{code(value, FIELD - 200)}")


def _long(label: str, value: str) -> Block:
    name = _label(label)
    return {"type": "section", "text": _markup(f"*{name}*\n{code(value, SECTION - 200)}")}


def _label(label: str) -> str:
    """Keep a field's name as it is spelled, apart from marks that Slack would read."""
    text = _EDGE.sub("＿", safe(label, 100).translate(_NO_MARKUP))
    return escaped(text, 100) or "—"


def _samples(samples: Iterable[str]) -> Iterator[Block]:
    for number, sample in enumerate(samples, start=1):
        text = f"*Sample {number}*\n{code(sample, SECTION - 200)}"
        yield {"type": "section", "text": _markup(text)}


def _footer(message: Message) -> Block:
    elements = [_plain(f"alert {message.dedup_key} · {message.kind}", SECTION)]
    if message.link:
        elements.append(_plain(message.link, SECTION))
    return {"type": "context", "elements": elements}


def _plain(text: str, most: int) -> Block:
    return {"type": "plain_text", "text": escaped(text, most) or "—", "emoji": False}


def _markup(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
