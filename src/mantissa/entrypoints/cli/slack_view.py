"""A Slack message as a terminal can show it: what people will see in the channel.

It draws the blocks that our messages are made of, and says so of any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

from rich.box import ROUNDED
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from mantissa.entrypoints.cli.text import visible, visible_lines

_SPAN = re.compile(r"\*(?P<bold>[^*\n]+)\*|`(?P<code>[^`\n]+)`")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_CHARACTER = {"amp": "&", "lt": "<", "gt": ">"}

Block = Mapping[str, Any]


def slack_panel(payload: Block, title: str = "Slack") -> Panel:
    """Draw a message in a frame."""
    parts = [part for block in payload.get("blocks", ()) for part in _block(block)]
    return Panel(Group(*parts), title=Text(title), title_align="left", box=ROUNDED)


def slack_text(payload: Block, width: int = 100, title: str = "Slack") -> str:
    """Draw a message as lines of plain text, without colour or escape sequences."""
    buffer = StringIO()
    console = Console(file=buffer, width=width, no_color=True, force_terminal=False)
    console.print(slack_panel(payload, title))
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def _block(block: Block) -> Iterator[RenderableType]:
    kind = block.get("type")
    if kind == "header":
        yield _text(block["text"], "bold")
    elif kind == "section":
        yield Text()
        if "text" in block:
            yield _text(block["text"])
        if "fields" in block:
            yield Columns([_text(field) for field in block["fields"]], padding=(0, 3))
    elif kind == "context":
        yield Text()
        yield from (_text(element, "dim") for element in block["elements"])
    elif kind == "divider":
        yield Text("─" * 20, "dim")
    else:
        yield Text(f"[{visible(str(kind))} block]", "dim")


def _text(value: Block, style: str = "") -> Text:
    """Read a text object: plain, or with the two marks that our messages use."""
    raw = str(value.get("text", ""))
    if value.get("type") != "mrkdwn":
        return Text(_shown(raw), style)
    text, end = Text(style=style), 0
    for match in _SPAN.finditer(raw):
        text.append(_shown(raw[end : match.start()]))
        text.append(_shown(match["bold"] or match["code"]), "bold" if match["bold"] else "cyan")
        end = match.end()
    return text.append(_shown(raw[end:]))


def _shown(text: str) -> str:
    return visible_lines(_ENTITY.sub(lambda match: _CHARACTER[match[1]], text))
