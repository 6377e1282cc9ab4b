"""Which packages a Lambda function's code can come to import, late imports included.

The functions import almost nothing at their start: `App` makes each part when it is first asked
for. So the accessors that a handler uses are followed by name, through those that they use in
turn, to the modules that they import.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from support.requirements import ROOT

SOURCE = ROOT / "src"
COMPOSITION = ("mantissa.bootstrap.app", "mantissa.bootstrap.aws")
"""The modules whose classes make parts when asked; what they import late is followed by accessor."""
ENTRY = re.compile(r"mantissa(\.\w+)+:\w+")
"""How a registry names what it imports on first use."""
ASKS = "mantissa.entrypoints."
"""Who asks the product for its parts."""


@dataclass
class Reached:
    """What was found: our modules, and the top names of other packages with who imports them."""

    modules: set[str] = field(default_factory=set)
    packages: dict[str, str] = field(default_factory=dict)


def reach(module: str) -> Reached:
    """Follow the imports of a module through everything that it can come to run."""
    found, accessors = Reached(), accessor_bodies()
    asked: set[str] = set()
    waiting: list[tuple[str, ast.AST]] = [(module, tree(module))]
    found.modules.add(module)
    while waiting:
        name, node = waiting.pop()
        for imported in imports(node, late=name not in COMPOSITION or not is_module(node)):
            place = module_of(imported)
            if place is None:
                found.packages.setdefault(imported.partition(".")[0], name)
            elif place not in found.modules:
                found.modules.add(place)
                waiting.append((place, tree(place)))
        if name.startswith(ASKS) or (name in COMPOSITION and not is_module(node)):
            of = "" if name.startswith(ASKS) else "self"
            for accessor in (attributes(node, of) & accessors.keys()) - asked:
                asked.add(accessor)
                waiting += accessors[accessor]
    return found


@cache
def tree(module: str) -> ast.Module:
    """Parse one of our modules."""
    path = SOURCE.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def accessor_bodies() -> dict[str, list[tuple[str, ast.AST]]]:
    """Return the methods of the composition by name."""
    found: dict[str, list[tuple[str, ast.AST]]] = {}
    for module in COMPOSITION:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append((module, node))
    return found


def is_module(node: ast.AST) -> bool:
    """Say whether a node is a whole module."""
    return isinstance(node, ast.Module)


def imports(node: ast.AST, *, late: bool) -> Iterator[str]:
    """Yield what is imported, dotted; for types only is no import.

    Args:
        late: whether imports inside functions count.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield child.module
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.Constant) and ENTRY.fullmatch(str(child.value)):
            yield str(child.value).partition(":")[0]
        elif late or not isinstance(child, ast.FunctionDef):
            yield from imports(child, late=late)


def module_of(name: str) -> str | None:
    """Return our module of that name, or of that which holds it; None for another package's."""
    if name.partition(".")[0] != "mantissa":
        return None
    path = SOURCE.joinpath(*name.split("."))
    if path.is_dir() or path.with_suffix(".py").is_file():
        return name
    return name.rpartition(".")[0]


def attributes(node: ast.AST, of: str = "") -> set[str]:
    """Return every attribute that is asked for; with `of`, of that name only."""
    return {
        n.attr
        for n in ast.walk(node)
        if isinstance(n, ast.Attribute) and (not of or ast.unparse(n.value) == of)
    }


def third_party(found: Reached) -> dict[str, str]:
    """Return the packages that do not come with Python."""
    return {n: by for n, by in found.packages.items() if n not in sys.stdlib_module_names}
