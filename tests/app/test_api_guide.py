"""What the page on the API shows is what the API answers, and it names every route."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from mantissa.audit.access import ACTIONS
from mantissa.entrypoints.api.routes import ROUTES
from support import pages
from support.api_world import Reply, World, event

PAGE = "docs/guide/api.md"
BLOCKS = [block for block in pages.blocks(pages.read(PAGE)) if "api" in block.tags]


def send(world: World, line: str, who: str, thing: str) -> Reply:
    """Send what a line of curl would send."""
    words = shlex.split(line.removeprefix("$ "))
    assert words[:2] == ["curl", "-sS"]
    assert words[words.index("-H") + 1] == "Authorization: Bearer $TOKEN"
    body = words[words.index("--json") + 1] if "--json" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
    (address,) = [word for word in words if word.startswith("$API")]
    parts = urlsplit(address.replace("$API", "").replace("$ID", thing))
    return world.send(event(method, parts.path, who, body, dict(parse_qsl(parts.query))))


def exchanges(lines: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield each command of a block with the answer below it."""
    for line, answer in zip(lines[::2], lines[1::2], strict=True):
        assert line.startswith("$ ") and not answer.startswith("$ ")
        yield line, answer


@pytest.mark.parametrize("block", BLOCKS, ids=[str(block.line) for block in BLOCKS])
def test_what_the_page_shows_is_what_the_api_answers(block: pages.Block, tmp_path: Path) -> None:
    world = World(tmp_path)
    who, _, kind = block.tags["api"].partition(", ")
    thing = world.add_alert() if kind == "alert" else ""
    for line, expected in exchanges(block.lines):
        reply = send(world, line, who, thing)
        pattern = ".*".join(re.escape(part) for part in expected.split("…"))
        assert re.fullmatch(pattern, reply.text, re.DOTALL), (line, reply.text)
        if kind == "id" and not thing:
            assert reply.status == 202
            thing = reply.json["id"]


def test_the_page_has_examples() -> None:
    assert len(BLOCKS) >= 5


def test_the_page_names_every_route_with_its_role() -> None:
    rows = re.findall(r"^\| `([A-Z]+ /v1/\S+)` \| ([\w, ]+) \|", pages.read(PAGE), re.M)
    expected = {
        route.name: "nobody"
        if not route.action
        else (ACTIONS[route.action].least or "signed in")
        + (", own" if ACTIONS[route.action].owned else "")
        for route in ROUTES
    }
    assert dict(rows) == expected


def test_the_page_explains_every_status() -> None:
    told = set(re.findall(r"\b([45]\d\d)\b", pages.read(PAGE).partition("## Errors")[2]))
    assert {str(s) for route in ROUTES for s in route.problems} <= told
