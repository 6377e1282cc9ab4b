"""Render the reference of the Terraform root's variables and outputs, from its own files.

Only the little of HCL that these files use is read: `variable` and `output` blocks whose closing
brace stands in the first column, as `terraform fmt` writes them, and whose arguments stand two
columns in. What does not fit is an error, not an omission.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "aws/terraform"
PAGE = "docs/reference/terraform.md"

_BLOCK = re.compile(r'^(variable|output) "([a-z_0-9]+)" \{\n(.*?)^\}$', re.M | re.S)
_HEADING = re.compile(r"^# ---- (.+)$", re.M)
_ARGUMENT = re.compile(r"^  ([a-z_]+) += (.*(?:\n(?:   |  [\]})]).*)*)", re.M)
_MESSAGE = re.compile(r'^    error_message = (".*")$', re.M)
_INLINE = 40
"""Characters of a default that still fit into a table."""


@dataclass(frozen=True)
class Block:
    """One variable or output.

    Args:
        arguments: its arguments as they are written, by name.
        rules: what its validations say when they refuse.
    """

    kind: str
    name: str
    heading: str
    arguments: dict[str, str]
    rules: tuple[str, ...]

    @property
    def description(self) -> str:
        """Its description. Raises `ValueError` when there is none."""
        if "description" not in self.arguments:
            raise ValueError(f"{self.kind} {self.name} has no description")
        text: str = json.loads(self.arguments["description"])
        return text


def read_blocks(text: str) -> Iterator[Block]:
    """Yield the variables and outputs of one file. Raises `ValueError` for one it cannot read."""
    found = 0
    for match in _BLOCK.finditer(text):
        kind, name, body = match.groups()
        headings = _HEADING.findall(text[: match.start()])
        arguments = {m[1]: m[2].replace("\n  ", "\n").strip() for m in _ARGUMENT.finditer(body)}
        rules = tuple(json.loads(message) for message in _MESSAGE.findall(body))
        if len(rules) != body.count("  validation {"):
            raise ValueError(f"{kind} {name} has a validation without a plain error_message")
        found += 1
        yield Block(kind, name, headings[-1] if headings else "", arguments, rules)
    if found != len(re.findall(r"^(?:variable|output) ", text, re.M)):
        raise ValueError("a variable or output is not written as `terraform fmt` would")


def render(root: Path = ROOT) -> str:
    """Return the page as Markdown."""
    variables = list(read_blocks((root / FOLDER / "variables.tf").read_text(encoding="utf-8")))
    outputs = list(read_blocks((root / FOLDER / "outputs.tf").read_text(encoding="utf-8")))
    return "".join(_page(variables, outputs))


def _page(variables: list[Block], outputs: list[Block]) -> Iterator[str]:
    yield _HEAD
    heading = ""
    for block in variables:
        if block.heading != heading:
            heading = block.heading
            yield f"\n## {heading}\n"
        yield _variable(block)
    yield "\n## Outputs\n\n| output | what it is |\n|---|---|\n"
    for block in outputs:
        yield f"| `{block.name}` | {block.description} |\n"


def _variable(block: Block) -> str:
    default = block.arguments.get("default")
    facts = [f"`{_one_line(block.arguments['type'])}`" if _is_short(block) else ""]
    facts.append("required" if default is None else f"default `{_one_line(default)}`")
    if block.arguments.get("sensitive") == "true":
        facts.append("sensitive")
    lines = [f"\n### {block.name}\n\n{block.description}\n\n{', '.join(filter(None, facts))}\n"]
    if not _is_short(block):
        lines.append(f"\n```hcl\n{block.arguments['type']}\n```\n")
    rules = "".join(f"- {rule}\n" for rule in block.rules)
    return "".join([*lines, f"\n{rules}" if rules else ""])


def _is_short(block: Block) -> bool:
    return len(_one_line(block.arguments["type"])) <= _INLINE


def _one_line(text: str) -> str:
    return " ".join(text.split())


_HEAD = """\
<!-- Written by `make docs`; `make check` fails when it is not current. -->

# Terraform

Variables and outputs of `aws/terraform`. A variable without a default has to be set; the files in
`aws/terraform/environments` are a start. An attribute in `optional(…, default)` may be left out.
"""
