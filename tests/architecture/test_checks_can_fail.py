"""Each check of the shape finds a small bad example, and leaves a good one alone."""

from __future__ import annotations

import pytest

from support import shape


def module(text: str, path: str = "src/mantissa/lake/bad.py") -> shape.Module:
    return shape.Module(path, text)


def body(lines: int) -> str:
    return "def f() -> None:\n" + "    x = 1\n" * (lines - 1)


def test_a_long_function_is_found() -> None:
    assert list(shape.too_long([module(body(60))])) == []
    assert "f has 61 lines" in next(shape.too_long([module(body(61))]))


def test_a_long_module_is_found() -> None:
    assert list(shape.too_long([module("x = 1\n" * 400)])) == []
    assert "401 lines" in next(shape.too_long([module("x = 1\n" * 401)]))


def test_the_medians_are_those_of_the_code() -> None:
    modules = [module(body(3) + body(5) + body(20)), module("")]
    assert shape.medians(modules) == (28, 5)


def test_a_sixth_argument_is_found_and_the_receiver_is_none() -> None:
    method = "class A:\n    def f(self, a, b, c, d, *, e): ...\n"
    assert list(shape.too_many_arguments([module(method)])) == []
    command = "@command(example='')\ndef f(a, b, c, d, e, g): ...\n"
    assert list(shape.too_many_arguments([module(command)])) == []
    assert "6 arguments" in next(shape.too_many_arguments([module("def f(a, b, c, d, e, g): ...")]))
    static = "class A:\n    @staticmethod\n    def f(a, b, c, d, e, g): ...\n"
    assert "6 arguments" in next(shape.too_many_arguments([module(static)]))


@pytest.mark.parametrize(
    "path", ["src/mantissa/utils.py", "src/mantissa/base/x.py", "a/lambda/b.py"]
)
def test_an_empty_name_is_found(path: str) -> None:
    assert len(list(shape.banned_names([path, "src/mantissa/database.py"]))) == 1


def test_a_cycle_is_found_even_through_a_late_import() -> None:
    modules = [
        module("from mantissa.lake import b", "src/mantissa/lake/a.py"),
        module("def f():\n    import mantissa.lake.c", "src/mantissa/lake/b.py"),
        module("from mantissa.lake.a import x", "src/mantissa/lake/c.py"),
        module("import mantissa.lake.a", "src/mantissa/lake/d.py"),
    ]
    assert shape.cycles(modules) == [["mantissa.lake.a", "mantissa.lake.b", "mantissa.lake.c"]]


def test_an_import_for_types_makes_no_cycle() -> None:
    only_types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mantissa.b"
    modules = [
        module(only_types, "src/mantissa/a.py"),
        module("import mantissa.a", "src/mantissa/b.py"),
    ]
    assert shape.cycles(modules) == []


@pytest.mark.parametrize(
    "line",
    [
        'q = f"SELECT * FROM {table}"',
        'q = "SELECT a FROM t WHERE a = " + value',
        'q = "DELETE FROM %s" % table',
        'q = "SELECT {} FROM t".format(column)',
        'q = f"CREATE OR REPLACE VIEW {name} AS " "SELECT 1"',
        'q = f"FROM read_parquet({path!r})"',
    ],
)
def test_woven_sql_is_found(line: str) -> None:
    assert list(shape.woven_sql([module(line)])) != []


@pytest.mark.parametrize(
    "line",
    [
        'q = "SELECT a FROM t WHERE a = ?"',
        'q = "SELECT a " + "FROM t"',
        'm = f"select a file from {folder}"',
        'm = f"no table {name}: copy it"',
    ],
)
def test_fixed_sql_and_sentences_are_left_alone(line: str) -> None:
    assert list(shape.woven_sql([module(line)])) == []


@pytest.mark.parametrize("kind", ["", " Exception", " BaseException as e", " (OSError, Exception)"])
def test_a_broad_except_is_found(kind: str) -> None:
    text = f"try:\n    f()\nexcept{kind}:\n    g()\n"
    assert list(shape.broad_excepts([module(text)])) == [("src/mantissa/lake/bad.py", 3)]


def test_a_narrow_except_is_left_alone() -> None:
    text = "try:\n    f()\nexcept (OSError, ValueError):\n    g()\n"
    assert list(shape.broad_excepts([module(text)])) == []


@pytest.mark.parametrize("call", ["open('x')", "path.read_text()", "Path('x').write_bytes(b'')"])
def test_file_access_is_found(call: str) -> None:
    assert list(shape.file_access([module(call)])) == [("src/mantissa/lake/bad.py", 1)]


def test_access_through_a_port_is_left_alone() -> None:
    assert list(shape.file_access([module("objects.open(key)\nobjects.get(key)")])) == []


@pytest.mark.parametrize(
    "text", ["from unittest import mock", "import unittest.mock", "def test(mocker): ..."]
)
def test_a_mock_is_found(text: str) -> None:
    assert list(shape.mocks([module(text, "tests/test_x.py")])) != []


def test_an_edited_path_is_found() -> None:
    assert list(shape.path_edits([module("import sys\nsys.path.insert(0, 'x')")])) != []


@pytest.mark.parametrize(
    ("first", "second"), [("--index", "-url x"), ("/wo", "rk/main"), ("https://pypi", ".org/x")]
)
def test_a_foreign_place_is_found(first: str, second: str) -> None:
    assert (
        len(list(shape.foreign_places({"a": f"x\n{first}{second}\n", "b": "work/ and index"}))) == 1
    )
