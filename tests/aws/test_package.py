"""The artefacts: two builds are one, and each runs with nothing else on the path."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mantissa.adapters.packaging.build import MAX_UNZIPPED
from mantissa.adapters.packaging.functions import FORBIDDEN, FUNCTIONS
from mantissa.detection.load import load_rules
from support.artefacts import Built, alone, build, checkout, run_inside, unpack
from support.reach import reach
from support.requirements import ROOT, require

NAMES = list(FUNCTIONS)
ELF_MACHINE = {"arm64": 0xB7, "x86_64": 0x3E}
ELSEWHERE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "7", "LANG": ""}

NEVER = {"api": "mantissa.adapters.destinations."}
"""Whose modules a function names and never imports: triage asks their registry alone."""

IMPORT = """
import importlib, json, sys
module, _, name = sys.argv[1].rpartition(".")
function = getattr(importlib.import_module(module), name)
standard = tuple({p for p in sys.path if p})
files = {n: getattr(m, "__file__", None) for n, m in sys.modules.items()}
outside = sorted(n for n, f in files.items() if f and "site-packages" in f)
print(json.dumps({"callable": callable(function), "outside": outside, "modules": sorted(files)}))
"""


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all workers of this run."""
    require("registry")
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if os.environ.get("PYTEST_XDIST_WORKER") else folder
    return folder / "artefacts"


@pytest.fixture(scope="session")
def first(shared: Path) -> Built:
    """All artefacts for this machine's processor and Python."""
    with alone(shared):
        place = checkout(shared / "first")
    return build(place, shared / "first-out")


@pytest.fixture(scope="session")
def unpacked(shared: Path, first: Built) -> Iterator[Path]:
    """A folder that holds each artefact unpacked."""
    with alone(shared):
        for name in NAMES:
            if not (shared / "unpacked" / name).exists():
                unpack(first.out / first.manifest[name]["file"], shared / "unpacked" / name)
    yield shared / "unpacked"


def test_two_builds_are_one(shared: Path, first: Built, tmp_path: Path) -> None:
    place = checkout(tmp_path / "quite another folder" / "copy", of=shared / "first")
    second = build(place, tmp_path / "out", environ=ELSEWHERE, umask=0o077)
    assert second.kept == ()
    for name in NAMES:
        assert second.manifest[name] == first.manifest[name]
        data = (second.out / f"{name}.zip").read_bytes()
        assert hashlib.sha256(data).hexdigest() == first.manifest[name]["sha256"]
        assert len(data) == first.manifest[name]["bytes"]


def test_what_did_not_change_is_kept_and_what_did_is_built(
    shared: Path, first: Built, tmp_path: Path
) -> None:
    place = checkout(tmp_path / "copy", of=shared / "first")
    out = tmp_path / "out"
    built = build(place, out, ["sweep"])
    assert built.kept == ()
    written = (out / "sweep.zip").stat().st_mtime_ns
    assert build(place, out, ["sweep"]).kept == ("sweep",)
    assert (out / "sweep.zip").stat().st_mtime_ns == written
    with (out / "sweep.zip").open("ab") as file:
        file.write(b"tampered with")
    assert build(place, out, ["sweep"]).kept == ()
    with (place / "src" / "mantissa" / "model.py").open("a") as file:
        file.write("# changed\n")
    changed = build(place, out, ["sweep"])
    assert changed.kept == ()
    assert changed.manifest["sweep"]["sha256"] != first.manifest["sweep"]["sha256"]


@pytest.mark.parametrize("name", NAMES)
def test_an_artefact_is_what_the_manifest_says(first: Built, name: str) -> None:
    entry = first.manifest[name]
    path = first.out / entry["file"]
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    assert sum(info.file_size for info in infos) == entry["unzipped"] <= MAX_UNZIPPED
    assert path.stat().st_size == entry["bytes"]
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}


@pytest.mark.parametrize("name", NAMES)
def test_an_artefact_holds_nothing_that_it_must_not(first: Built, name: str) -> None:
    with zipfile.ZipFile(first.out / f"{name}.zip") as archive:
        names = archive.namelist()
    packages = {found[1].lower().replace("_", "-") for n in names if (found := DIST.match(n))}
    assert packages, "no package says its name"
    assert not packages & FORBIDDEN
    assert not {top.partition("/")[0] for top in names} & FORBIDDEN
    wrong = re.compile(
        r"__pycache__|\.pyc$|\.h$|/tests?/|^mantissa/entrypoints/cli/|\.dist-info/RECORD"
    )
    assert [n for n in names if wrong.search(n)] == []
    shells = {n for n in names if n.startswith("mantissa/entrypoints/lambdas/")}
    others = {f"mantissa/entrypoints/lambdas/{other}.py" for other in NAMES if other != name}
    assert not shells & others


DIST = re.compile(r"([^/]+?)-[^/-]+\.dist-info/METADATA$")


@pytest.mark.parametrize("name", NAMES)
def test_a_handler_imports_with_nothing_else_on_the_path(unpacked: Path, name: str) -> None:
    done = run_inside(unpacked / name, IMPORT, FUNCTIONS[name].handler)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["callable"]
    assert told["outside"] == []
    assert not {module.partition(".")[0] for module in told["modules"]} & FORBIDDEN


EVERYTHING = """
import importlib, json, sys
failed = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = str(error)
print(json.dumps(failed))
"""


@pytest.mark.parametrize("name", NAMES)
def test_late_imports_are_there_too(unpacked: Path, name: str) -> None:
    modules = reach(FUNCTIONS[name].handler.rpartition(".")[0]).modules
    never = {m for m in modules if m.startswith(NEVER.get(name, "-"))}
    assert len(modules - never) > 30
    done = run_inside(unpacked / name, EVERYTHING, *sorted(modules - never))
    assert (done.returncode, json.loads(done.stdout or "null")) == (0, {}), done.stderr


COMPILE = """
import json
from mantissa.bootstrap.app import library_rules
from mantissa.detection.dialects import TRINO
from mantissa.detection.load import load_rules
from mantissa.detection.prepare import prepare
from mantissa.sources.registry import load_sources

rules = load_rules([library_rules()])
prepared = prepare(rules, load_sources([]).values(), TRINO)
refused = [r.reason for r in (*rules.refused, *prepared.refused)]
print(json.dumps({"rules": len(rules.rules), "runs": len(prepared.rules), "refused": refused}))
"""


def test_detection_finds_and_compiles_its_rules(shared: Path, unpacked: Path) -> None:
    done = run_inside(unpacked / "detect", COMPILE)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["refused"] == []
    library = load_rules([shared / "first" / "rules"]).rules
    assert told["rules"] == len(library) >= told["runs"] > 0


READ = """
import json, sys
from pathlib import Path
from mantissa.adapters.local.home import create_home
from mantissa.bootstrap.local import LocalApp
from mantissa.config.reading import load_settings

home = Path(sys.argv[1])
create_home(home, settings={}, secrets="")
app = LocalApp(load_settings(home, {}), {})
counts = {path: app.ingest.one(path).counts.rows for path in sys.argv[2:]}
app.close()
print(json.dumps(counts))
"""


def test_ingest_turns_every_sample_into_rows(unpacked: Path, tmp_path: Path) -> None:
    builtin = ROOT / "src" / "mantissa" / "sources" / "builtin"
    samples = {str(p): p for p in builtin.glob("*/sample.*")}
    packed = tmp_path / "aws_cloudtrail.json.gz"
    packed.write_bytes(gzip.compress((builtin / "aws_cloudtrail" / "sample.json").read_bytes()))
    done = run_inside(unpacked / "ingest", READ, str(tmp_path / "home"), str(packed), *samples)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert len(rows) == len(samples) + 1
    assert rows[str(packed)] > 0
    assert sum(count > 0 for count in rows.values()) >= len(samples)


def test_a_missing_package_is_noticed(shared: Path, first: Built, tmp_path: Path) -> None:
    folder = unpack(first.out / "ingest.zip", tmp_path / "ingest")
    shutil.rmtree(folder / "zstandard")
    done = run_inside(folder, IMPORT, FUNCTIONS["ingest"].handler)
    assert done.returncode != 0
    assert "No module named 'zstandard'" in done.stderr


def test_the_default_is_built_for_its_processor(shared: Path, first: Built) -> None:
    out = shared / "default-out"
    with alone(shared):
        place = checkout(shared / "first")
    built = build(place, out, ["detect"], target=("arm64", "3.13"))
    assert built.code == 0
    assert built.manifest["detect"]["loads"]
    with zipfile.ZipFile(out / "detect.zip") as archive:
        libraries = [n for n in archive.namelist() if re.search(r"\.so(\.\d+)*$", n)]
        machines = {struct.unpack_from("<H", archive.read(n), 18)[0] for n in libraries}
        pythons = {found[1] for n in libraries if (found := re.search(r"cpython-(\d+)", n))}
    assert machines == {ELF_MACHINE["arm64"]}
    assert pythons == {"313"}


def test_a_runtime_that_cannot_load_a_library_is_said_to_be(first: Built) -> None:
    """Lambda's Python 3.11 is Amazon Linux 2 with glibc 2.26; pyarrow's wheels need 2.28."""
    for name in NAMES:
        entry = first.manifest[name]
        major, minor = entry["glibc"].split(".")
        assert (major, int(minor) >= 17) == ("2", True)
        fits = entry["python"] != "3.11" or int(minor) <= 26
        assert entry["loads"] is fits
    assert first.code == (0 if all(e["loads"] for e in first.manifest.values()) else 3)


def test_make_passes_on_what_to_build() -> None:
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile.split("\npackage:", 1)[1].splitlines()[1]
    for variable in ("PACKAGE", "PACKAGE_ARCH", "PACKAGE_PYTHON", "PACKAGE_OUT"):
        assert f"$({variable})" in recipe
        assert re.search(rf"^{variable} \?=", makefile, flags=re.M)
