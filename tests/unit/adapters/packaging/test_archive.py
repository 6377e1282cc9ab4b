"""An artefact's bytes follow from its entries alone."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from mantissa.adapters.packaging.archive import write_archive
from mantissa.adapters.packaging.contents import merge, own_entries, wheel_entries
from mantissa.adapters.packaging.functions import FUNCTIONS
from mantissa.adapters.packaging.trim import explain, is_kept
from mantissa.adapters.packaging.wheels import wheel_glibc
from mantissa.errors import StoreError

ENTRIES = {"b/two.py": b"2" * 5000, "a.py": b"", "a/one.so": b"\x7fELF"}


def test_two_archives_of_the_same_entries_are_the_same(tmp_path: Path) -> None:
    first = write_archive(tmp_path / "x" / "a.zip", ENTRIES)
    before = os.umask(0o077)
    try:
        second = write_archive(tmp_path / "y.zip", dict(reversed(ENTRIES.items())))
    finally:
        os.umask(before)
    assert first == second
    assert (tmp_path / "x" / "a.zip").read_bytes() == (tmp_path / "y.zip").read_bytes()
    assert (first.unzipped, first.size) == (5004, (tmp_path / "y.zip").stat().st_size)


def test_entries_are_sorted_dated_alike_and_readable_by_all(tmp_path: Path) -> None:
    write_archive(tmp_path / "a.zip", ENTRIES)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        infos = archive.infolist()
    assert [info.filename for info in infos] == sorted(ENTRIES)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}
    assert {info.create_system for info in infos} == {3}


def test_another_content_is_another_archive(tmp_path: Path) -> None:
    first = write_archive(tmp_path / "a.zip", ENTRIES)
    second = write_archive(tmp_path / "a.zip", ENTRIES | {"a.py": b"x"})
    assert first.sha256 != second.sha256
    assert first.content != second.content
    assert list(tmp_path.iterdir()) == [tmp_path / "a.zip"]


def make_wheel(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_wheel_gives_what_an_installer_would_put_on_the_path(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        {
            "thing/__init__.py": b"1",
            "thing/__pycache__/x.cpython-311.pyc": b"2",
            "thing/tests/test_x.py": b"3",
            "thing-1.0.data/purelib/thing/more.py": b"4",
            "thing-1.0.data/platlib/thing/_c.so": b"5",
            "thing-1.0.data/scripts/thing": b"6",
            "thing-1.0.data/headers/thing.h": b"7",
            "thing-1.0.dist-info/METADATA": b"8",
            "thing-1.0.dist-info/RECORD": b"9",
        },
    )
    assert dict(wheel_entries(wheel)) == {
        "thing/__init__.py": b"1",
        "thing/more.py": b"4",
        "thing/_c.so": b"5",
        "thing-1.0.dist-info/METADATA": b"8",
    }


def test_what_is_no_wheel_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"<html>")
    with pytest.raises(StoreError, match="not a wheel"):
        list(wheel_entries(tmp_path / "x.whl"))


def test_two_packages_may_not_fill_one_path_differently() -> None:
    assert merge([("a", b"1"), ("a", b"1")]) == {"a": b"1"}
    with pytest.raises(StoreError, match="different files"):
        merge([("a", b"1"), ("a", b"2")])


@pytest.mark.parametrize(
    "path",
    [
        "pyarrow/libarrow_flight.so.2500",
        "pyarrow/_flight.cpython-313-aarch64-linux-gnu.so",
        "pyarrow/libarrow_python.so",
        "pyarrow/libarrow_python.so.2500.1.0",
        "pyarrow/include/arrow/api.h",
        "pyarrow/tests/test_array.py",
        "pyarrow/table.pxi",
        "pyarrow/_substrait.cpython-313-aarch64-linux-gnu.so",
        "botocore/data/ec2/2016-11-15/service-2.json.gz",
        "botocore/data/s3control/2018-08-20/service-2.json.gz",
        "six-1.17.0.dist-info/RECORD",
        "msgspec/_core.c",
    ],
)
def test_what_no_function_loads_is_left_out(path: str) -> None:
    assert not is_kept(path)
    assert explain(path)


@pytest.mark.parametrize(
    "path",
    [
        "pyarrow/libarrow_python.so.2500",
        "pyarrow/libarrow_substrait.so.2500",
        "pyarrow/libarrow.so.2500",
        "pyarrow/lib.cpython-313-aarch64-linux-gnu.so",
        "pyarrow/_parquet.cpython-313-aarch64-linux-gnu.so",
        "botocore/data/endpoints.json",
        "botocore/data/_retry.json",
        "botocore/data/s3/2006-03-01/service-2.json.gz",
        "botocore/data/s3/2006-03-01/endpoint-rule-set-1.json.gz",
        "botocore/data/sqs/2012-11-05/paginators-1.json",
        "botocore/cacert.pem",
        "six-1.17.0.dist-info/METADATA",
        "sigma/rule/base.py",
    ],
)
def test_what_is_needed_stays(path: str) -> None:
    assert is_kept(path)
    assert explain(path) == ""


def own(name: str, tmp_path: Path) -> set[str]:
    package, rules = tmp_path / "mantissa", tmp_path / "rules"
    for file in (
        "lake/ingest.py",
        "sources/builtin/x/source.yaml",
        "sources/builtin/x/sample.jsonl",
        "lake/__pycache__/ingest.cpython-311.pyc",
        "entrypoints/cli/main.py",
        "adapters/local/duckdb_run.py",
        "adapters/local/fetched.py",
        "adapters/local/sandbox.py",
        "adapters/packaging/build.py",
        "entrypoints/lambdas/__init__.py",
        "entrypoints/lambdas/ingest.py",
        "entrypoints/lambdas/detect.py",
    ):
        (package / file).parent.mkdir(parents=True, exist_ok=True)
        (package / file).write_text("x")
    (rules / "aws").mkdir(parents=True)
    (rules / "aws" / "a.yml").write_text("x")
    return {path for path, _ in own_entries(FUNCTIONS[name], package, rules)}


def test_a_function_carries_our_code_without_the_laptop(tmp_path: Path) -> None:
    assert own("ingest", tmp_path) == {
        "mantissa/lake/ingest.py",
        "mantissa/sources/builtin/x/source.yaml",
        "mantissa/entrypoints/lambdas/__init__.py",
        "mantissa/entrypoints/lambdas/ingest.py",
    }


def test_the_embedded_engine_travels_with_detection_alone(tmp_path: Path) -> None:
    parts = {f"mantissa/adapters/local/{name}.py" for name in ("duckdb_run", "fetched")}
    for name in FUNCTIONS:
        carried = own(name, tmp_path / name)
        assert carried & parts == (parts if name == "detect" else set()), name
        assert ("duckdb" in FUNCTIONS[name].requires) == (name == "detect")


def test_the_rule_library_travels_with_detection_alone(tmp_path: Path) -> None:
    carried = {name: own(name, tmp_path / name) for name in FUNCTIONS}
    with_rules = [name for name, paths in carried.items() if any(p.endswith(".yml") for p in paths)]
    assert with_rules == ["detect"]
    assert "mantissa/library/rules/aws/a.yml" in carried["detect"]


@pytest.mark.parametrize(
    ("name", "minor"),
    [
        ("pyarrow-25.0.1-cp313-cp313-manylinux_2_28_aarch64.whl", 28),
        ("isal-1.9.1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", 17),
        ("x-1-cp311-cp311-manylinux2014_x86_64.whl", 17),
        ("six-1.17.0-py2.py3-none-any.whl", 0),
    ],
)
def test_the_c_library_a_wheel_needs_is_in_its_name(name: str, minor: int) -> None:
    assert wheel_glibc(Path(name)) == minor
