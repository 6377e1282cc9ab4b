"""The project's own pages: their links, headings, code blocks and the commands that they show."""

from __future__ import annotations

import re
import shlex
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.requirements import ROOT

_FENCE = re.compile(r"^\s*(`{3,}|~{3,})\s*(\w*)")
_TAG = re.compile(r"<!-- ([a-z]+): (.*?) -->")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_SHOWN = re.compile(r"^(?:\$ | {4})?(mantissa(?: .*)?)$")
_SUBSTITUTION = re.compile(r"\$\(([^()]*)\)")
_STOPS = frozenset({"|", "||", "&&", ";", ">", ">>", "<"})


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Args:
        line: of its first line of text, from 1.
        tags: what `<!-- name: value -->` on the line before says.
    """

    language: str
    line: int
    lines: tuple[str, ...]
    tags: dict[str, str]

    @property
    def text(self) -> str:
        """The block as a file would hold it."""
        return "\n".join(self.lines) + "\n"


def pages() -> list[str]:
    """List the project's Markdown pages, relative to its top."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def read(page: str) -> str:
    """Return a page's text."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks in order."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence is None:
            number += 1
            continue
        end = number + 1
        while end < len(lines) and lines[end].strip() != fence[1]:
            end += 1
        tags = dict(_TAG.findall(lines[number - 1])) if number else {}
        yield Block(fence[2], number + 2, tuple(lines[number + 1 : end]), tags)
        number = end + 1


def prose(text: str) -> str:
    """Return the text with its fenced blocks blanked out, line for line."""
    lines = text.splitlines()
    for block in blocks(text):
        for number in range(block.line - 2, min(block.line + len(block.lines), len(lines))):
            lines[number] = ""
    return "\n".join(lines)


def links(text: str) -> list[str]:
    """List the targets of all links."""
    return _LINK.findall(_CODE.sub("", prose(text)))


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings."""
    found: dict[str, int] = {}
    names = set()
    for line in prose(text).splitlines():
        if not re.match(r"#{1,6} ", line):
            continue
        kept = set(string.ascii_letters + string.digits + "-_ ")
        words = line.lstrip("#").strip()
        slug = "".join(c for c in words if c in kept or c.isalpha()).lower().replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        names.add(f"{slug}-{count}" if count else slug)
    return names


def commands(text: str) -> Iterator[str]:
    """Yield every `mantissa …` command line of a page, from its blocks and its inline code."""
    for block in blocks(text):
        joined = "\n".join(block.lines).replace("\\\n", " ")
        for line in joined.splitlines():
            if shown := _SHOWN.match(line):
                yield shown[1]
    for code in _CODE.findall(prose(text)):
        if re.match(r"mantissa( (?!…)|$)", code):
            yield code


def words(line: str) -> list[list[str]]:
    """Split a command line into the words of each `mantissa` in it, the program's name left out."""
    inner = [found for found in _SUBSTITUTION.findall(line) if found.startswith("mantissa")]
    parts: list[list[str]] = [[]]
    lexer = shlex.shlex(_SUBSTITUTION.sub("ID", line), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    for word in lexer:
        if word in _STOPS:
            parts.append([])
        else:
            parts[-1].append(word)
    own = [part[1:] for part in parts if part[:1] == ["mantissa"]]
    return [*own, *(found for text in inner for found in words(text))]


def exists(page: str, target: str) -> str:
    """Return what is wrong with a link, or nothing."""
    if re.match(r"[a-z]+:", target):
        return "" if target.startswith(("https://", "mailto:")) else "not https"
    name, _, anchor = target.partition("#")
    path = (ROOT / page).parent / name if name else ROOT / page
    if not path.resolve().is_relative_to(ROOT) or not path.exists():
        return "no such file"
    if anchor and anchor not in anchors(Path(path).read_text(encoding="utf-8")):
        return "no such heading"
    return ""
