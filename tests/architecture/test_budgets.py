"""The house rules of size and shape hold for the whole tree."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

import pytest

from support import shape
from support.requirements import ROOT, require

# The only two places that may catch everything; a wider net hides bugs as empty results.
BROAD = {
    "src/mantissa/lake/ingest.py": "one record must not stop its object: it goes to quarantine",
    "src/mantissa/entrypoints/cli/main.py": "the outermost shell",
}
# Cores that read files: what comes with the package, and rules and sources a user hands in by path.
LOADERS = ("src/mantissa/sources/", "src/mantissa/detection/")


def read(*folders: str) -> list[shape.Module]:
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [
        shape.Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in paths
    ]


@pytest.fixture(scope="module")
def product() -> list[shape.Module]:
    return read("src")


@pytest.fixture(scope="module")
def texts() -> Mapping[str, str]:
    """Every text file of the project as git sees it: committed, or new and not ignored."""
    require("git")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    found: dict[str, str] = {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        data = path.read_bytes() if path.is_file() else b"\0"
        if b"\0" not in data[:8192]:
            found[name] = data.decode("utf-8", "replace")
    assert found
    return found


def test_modules_and_functions_are_short(product: list[shape.Module]) -> None:
    assert list(shape.too_long(product)) == []


def test_the_shells_of_functions_are_thin() -> None:
    shells = {p.name: p for p in (ROOT / "src/mantissa/entrypoints/lambdas").glob("*.py")}
    assert {"ingest.py", "detect.py", "alert.py", "api.py", "sweep.py"} <= shells.keys()
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in shells.items()}
    assert {name: count for name, count in lines.items() if count > 30} == {}


def test_medians_are_small(product: list[shape.Module]) -> None:
    module, function = shape.medians(product)
    assert module <= shape.MODULE_MEDIAN
    assert function <= shape.FUNCTION_MEDIAN


def test_functions_take_few_arguments(product: list[shape.Module]) -> None:
    assert list(shape.too_many_arguments(product)) == []


def test_modules_have_names_that_say_something(product: list[shape.Module]) -> None:
    support = read("tests", "tools", "bench")
    assert list(shape.banned_names(m.path for m in [*product, *support])) == []


def test_no_import_cycles(product: list[shape.Module]) -> None:
    assert shape.cycles(product) == []


def test_sql_is_never_woven_from_text(product: list[shape.Module]) -> None:
    assert list(shape.woven_sql(product)) == []


def test_broad_excepts_stand_at_two_places_only(product: list[shape.Module]) -> None:
    places = list(shape.broad_excepts(product))
    assert [f"{path}:{line}" for path, line in places if path not in BROAD] == []
    assert len(places) <= len(BROAD), places


def test_cores_reach_files_through_ports(product: list[shape.Module]) -> None:
    cores = tuple(f"src/mantissa/{core}/" for core in shape.CORES)
    inner = [m for m in product if m.path.startswith(cores) and not m.path.startswith(LOADERS)]
    assert [f"{path}:{line}" for path, line in shape.file_access(inner)] == []


def test_tests_use_no_mocks_and_edit_no_path() -> None:
    modules = read("tests", "bench", "tools", "src")
    assert list(shape.mocks(modules)) == []
    assert list(shape.path_edits(modules)) == []


def test_no_file_names_a_package_index_or_a_machine(texts: Mapping[str, str]) -> None:
    assert list(shape.foreign_places(texts)) == []


def test_locks_pin_every_package_by_hash(texts: Mapping[str, str]) -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = [ln for ln in texts[name].splitlines() if ln.strip() and "# " not in ln]
        pins = [ln for ln in lines if not ln.startswith(" ")]
        assert pins and all("==" in ln and ln.endswith("\\") for ln in pins), name
        assert all(ln.strip().startswith("--hash=sha256:") for ln in lines if ln[0] == " "), name


def test_the_development_lock_installs_what_the_product_locks(texts: Mapping[str, str]) -> None:
    def pins(name: str) -> set[str]:
        lines = texts[name].splitlines()
        return {ln.split(" ")[0] for ln in lines if "==" in ln and not ln.startswith((" ", "#"))}

    assert pins("requirements.lock") < pins("requirements-dev.lock")
