"""How long does each Lambda function take to import, cold, from its unpacked artefact?

    python bench/cold_start.py [--rounds 5] [--write]

Builds the artefacts for this processor and Python (a package index must answer the first time),
unpacks each and starts a new interpreter with nothing else on the path. There is no byte code in an
artefact and none may be written beside it, as in Lambda. Times are processor time, so that a busy
machine does not count; `compiled` shows what it would save.
`everything` imports all that the function can come to import, which the first call pays in part.
`--write` puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import mantissa
from mantissa.adapters.packaging.build import Artefact, Order, build
from mantissa.adapters.packaging.functions import FUNCTIONS
from mantissa.adapters.packaging.target import Target
from mantissa.bootstrap.app import library_rules

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- cold: begin -->", "<!-- cold: end -->"
CODE = """
import importlib, json, sys, time
started = time.process_time()
for name in sys.argv[1:]:
    importlib.import_module(name)
taken = time.process_time() - started
peak = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps({"import": taken, "modules": len(sys.modules), "rss": peak}))
"""


def run(folder: Path, modules: Sequence[str], *flags: str) -> dict[str, float]:
    """Start an interpreter on a folder and import modules; return seconds, modules, MB."""
    before = used()
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-s", *flags, "-c", CODE, *modules],
        cwd=folder,
        env={"AWS_DEFAULT_REGION": "us-east-1"},
        check=True,
        capture_output=True,
        text=True,
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told | {"process": used() - before}


def used() -> float:
    """Return the processor seconds of all processes that ended here."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def measured(folder: Path, modules: Sequence[str], rounds: int, *flags: str) -> dict[str, float]:
    """Return the median of every number over the rounds."""
    runs = [run(folder, modules, *flags) for _ in range(rounds)]
    return {name: statistics.median(r[name] for r in runs) for name in runs[0]}


def reached(name: str) -> list[str]:
    """Ask the tests' own analysis what a function can come to import."""
    code = (
        "import sys; from support.reach import reach;"
        f"print('\\n'.join(sorted(reach('mantissa.entrypoints.lambdas.{name}').modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "tests", check=True, capture_output=True, text=True
    )
    never = "mantissa.adapters.destinations." if name == "api" else "-"
    return [module for module in done.stdout.split() if not module.startswith(never)]


def line(artefact: Artefact, out: Path, folder: Path, rounds: int) -> str:
    """Measure one artefact."""
    place = folder / artefact.function
    with zipfile.ZipFile(out / artefact.file) as archive:
        archive.extractall(place)
    handler = [artefact.handler.rpartition(".")[0]]
    cold = measured(place, handler, rounds, "-B")
    everything = measured(place, reached(artefact.function), rounds, "-B")
    run(place, reached(artefact.function))
    compiled = measured(place, handler, rounds)
    compiled_all = measured(place, reached(artefact.function), rounds)
    return (
        f"| {artefact.function} | {artefact.bytes / 1e6:.1f} | {artefact.unzipped / 1e6:.1f} "
        f"| {cold['import'] * 1000:.0f} | {cold['process'] * 1000:.0f} | {cold['modules']:.0f} "
        f"| {cold['rss']:.0f} | {everything['import'] * 1000:.0f} "
        f"| {compiled['import'] * 1000:.0f} | {compiled_all['import'] * 1000:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    target = Target.of(architecture, f"{sys.version_info.major}.{sys.version_info.minor}")
    with tempfile.TemporaryDirectory() as name:
        folder, wheels = Path(name), ROOT / "build" / "lambda" / "wheels"
        package = Path(mantissa.__file__).parent
        order = Order(target, package, library_rules(), folder / "out", wheels)
        artefacts = build(order, list(FUNCTIONS))
        text = "\n".join(
            [
                f"Python {platform.python_version()}, {architecture}; median of {options.rounds}.",
                "",
                "| function | zip, MB | unzipped, MB | import, ms | process, ms | modules | RSS, MB "
                "| everything, ms | import, compiled, ms | everything, compiled, ms |",
                "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
                *(line(a, order.out, folder / "unpacked", options.rounds) for a in artefacts),
            ]
        )
    print(text)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
