"""The shape of the code, measured on its syntax trees.

Each check takes texts and returns what is wrong as lines `path:line: words`; none reads a file,
so that each can be shown a small bad example.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from statistics import median

MODULE_LINES, MODULE_MEDIAN = 400, 150
FUNCTION_LINES, FUNCTION_MEDIAN, ARGUMENTS = 60, 12, 5
BANNED_NAMES = frozenset({"utils", "helpers", "common", "manager", "base", "factory", "handler"})
CORES = ("sources", "lake", "detection", "ask", "alerts", "audit")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """One Python file: its path within the tree, its text and its syntax tree."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text, self.tree = path, text, ast.parse(text)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def name(self) -> str:
        """The dotted name; a package has its folder's."""
        parts = list(PurePosixPath(self.path.removeprefix("src/")).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def functions(self) -> Iterator[Function]:
        return (n for n in ast.walk(self.tree) if isinstance(n, Function))


def length(function: Function) -> int:
    """Lines from `def` to the end, the docstring included."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def too_long(modules: Iterable[Module]) -> Iterator[str]:
    """Modules and functions over their hard limits."""
    for module in modules:
        if module.lines > MODULE_LINES:
            yield f"{module.path}: {module.lines} lines, {MODULE_LINES} are allowed"
        for function in module.functions():
            if length(function) > FUNCTION_LINES:
                yield (
                    f"{module.path}:{function.lineno}: {function.name} has {length(function)} "
                    f"lines, {FUNCTION_LINES} are allowed"
                )


def medians(modules: Iterable[Module]) -> tuple[float, float]:
    """The median lines of a module that is not empty, and of a function."""
    full = [module for module in modules if module.lines]
    functions = [length(function) for module in full for function in module.functions()]
    return median(module.lines for module in full), median(functions)


def _is_static(function: Function) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list)


def too_many_arguments(modules: Iterable[Module]) -> Iterator[str]:
    """Functions with more than five arguments, the receiver not counted."""
    for module in modules:
        methods = {
            id(member)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef)
            for member in node.body
            if isinstance(member, Function) and not _is_static(member)
        }
        for function in module.functions():
            given = function.args
            count = len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)
            count -= id(function) in methods
            if count > ARGUMENTS and not _is_command(function):
                yield f"{module.path}:{function.lineno}: {function.name} has {count} arguments"


def _is_command(function: Function) -> bool:
    """Whether Typer reads the function's parameters: a command line may have many options."""
    names = {
        node.id if isinstance(node, ast.Name) else node.attr
        for decorator in function.decorator_list
        for node in ast.walk(decorator)
        if isinstance(node, ast.Name | ast.Attribute)
    }
    return "command" in names


def banned_names(paths: Iterable[str]) -> Iterator[str]:
    """Modules and folders whose name says nothing, or that Python cannot import."""
    for path in paths:
        for part in PurePosixPath(path).with_suffix("").parts:
            if part in BANNED_NAMES or part == "lambda":
                yield f"{path}: '{part}' is no name for a module"


def imports(module: Module) -> Iterator[str]:
    """The dotted names that a module imports when it is loaded, not only for types."""
    for node in _loaded(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _loaded(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _loaded(child)


def cycles(modules: Iterable[Module]) -> list[list[str]]:
    """Groups of modules that import each other, late imports included."""
    listed = list(modules)
    names = {module.name for module in listed}
    graph = {m.name: sorted({i for i in imports(m) if i in names} - {m.name}) for m in listed}
    return sorted(sorted(group) for group in _components(graph) if len(group) > 1)


def _components(graph: Mapping[str, list[str]]) -> Iterator[set[str]]:
    """Strongly connected components: what each node reaches and is reached from."""
    reach = {node: _reachable(graph, node) for node in graph}
    seen: set[str] = set()
    for node in graph:
        if node not in seen:
            group = {node} | {other for other in reach[node] if node in reach[other]}
            seen |= group
            yield group


def _reachable(graph: Mapping[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    left = list(graph[start])
    while left:
        node = left.pop()
        if node not in found:
            found.add(node)
            left.extend(graph[node])
    return found


_SQL = re.compile(
    r"\b(SELECT\b.*\bFROM|INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|CREATE\s+(OR\s+REPLACE\s+)?"
    r"(TABLE|VIEW|SCHEMA)|DROP\s+(TABLE|VIEW)|ATTACH\b|COPY\b|FROM\s+read_\w+|WHERE\s+\S+\s*[=<>])",
    re.DOTALL,
)


def woven_sql(modules: Iterable[Module]) -> Iterator[str]:
    """SQL put together as text: an f-string, `+`, `%` or `.format` around SQL words."""
    for module in modules:
        for node in ast.walk(module.tree):
            if _SQL.search(_woven_text(node)):
                line = getattr(node, "lineno", 0)
                yield f"{module.path}:{line}: SQL is put together from texts"


def _woven_text(node: ast.AST) -> str:
    """The literal parts of a text that is put together at run time; nothing for others."""
    if isinstance(node, ast.JoinedStr):
        holes = any(isinstance(value, ast.FormattedValue) for value in node.values)
        return _literals(node) if holes else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        sides = (node.left, node.right)
        return "" if all(_is_literal(side) for side in sides) else _literals(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _literals(node.func.value) if node.func.attr == "format" else ""
    return ""


def _is_literal(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant)


def _literals(node: ast.AST) -> str:
    texts = (n.value for n in ast.walk(node) if isinstance(n, ast.Constant))
    return " ".join(text for text in texts if isinstance(text, str))


def broad_excepts(modules: Iterable[Module]) -> Iterator[tuple[str, int]]:
    """Every handler that catches everything, as (path, line)."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler) and _is_broad(node):
                yield module.path, node.lineno


def _is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)}
    return bool(names & {"Exception", "BaseException"})


_FILE_METHODS = frozenset(
    {"read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir", "rmdir", "touch"}
)


def file_access(modules: Iterable[Module]) -> Iterator[tuple[str, int]]:
    """Calls that reach the file system past the ports, as (path, line)."""
    for module in modules:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            if (isinstance(node.func, ast.Name) and node.func.id == "open") or (
                isinstance(node.func, ast.Attribute) and node.func.attr in _FILE_METHODS
            ):
                yield module.path, node.lineno


def mocks(modules: Iterable[Module]) -> Iterator[str]:
    """Tests that replace our code by mocks."""
    for module in modules:
        for name in imports(module):
            if name.split(".")[0] == "mock" or name.startswith("unittest.mock"):
                yield f"{module.path}: imports {name}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.arg) and node.arg == "mocker":
                yield f"{module.path}:{node.lineno}: uses mocker"


def path_edits(modules: Iterable[Module]) -> Iterator[str]:
    """Code that edits `sys.path`."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path":
                yield f"{module.path}:{node.lineno}: touches sys.path"


# Spelled in two halves, so that this file does not hold what it forbids.
FOREIGN = re.compile(
    "|".join(
        re.escape(first + second)
        for first, second in (
            ("index", "-url"),
            ("index", "_url"),
            ("find", "-links"),
            ("/wo", "rk/"),
            ("/root/.py", "env"),
            ("pypi", ".org"),
            ("python", "hosted.org"),
            ("npmjs", ".org"),
        )
    )
)


def foreign_places(texts: Mapping[str, str]) -> Iterator[str]:
    """Files that name a package index or a path of one machine."""
    for path, text in texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            found = FOREIGN.search(line)
            if found:
                yield f"{path}:{number}: names {found[0]!r}"
