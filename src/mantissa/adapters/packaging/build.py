"""Builds the functions' artefacts: the same inputs make the same bytes, on any day, in any folder.

An artefact whose inputs did not change and whose file is still what the manifest says is kept.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from mantissa.adapters.packaging import archive, trim
from mantissa.adapters.packaging.contents import merge, own_entries, wheel_entries
from mantissa.adapters.packaging.functions import EMBEDDED, FORBIDDEN, FUNCTIONS, Function
from mantissa.adapters.packaging.lock import Pin, parse_lock
from mantissa.adapters.packaging.target import Target
from mantissa.adapters.packaging.wheels import fetch_wheels, wheel_glibc
from mantissa.errors import ConfigError, StoreError

MANIFEST = "artefacts.json"
MAX_UNZIPPED = 250 << 20
"""Bytes that Lambda allows a function's code to unpack to (AWS, "Lambda quotas": 250 MB)."""
_FORMAT = "1"
"""Changes when the way an artefact is made does."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """One function's zip, as the manifest lists it.

    Args:
        file: name in the folder of the manifest.
        sha256: of the file, in hexadecimal; `sha256_base64` as Lambda and Terraform write it.
        bytes: size of the file.
        unzipped: bytes of all its entries.
        content: SHA-256 over names and contents, whatever zlib packed them.
        inputs: SHA-256 over everything that it was made of.
        glibc: version of the C library that it needs at least; empty for none.
        loads: whether Lambda's runtime of that Python has such a C library.
        kept: whether it was there already.
    """

    function: str
    file: str
    sha256: str
    sha256_base64: str
    bytes: int
    unzipped: int
    content: str
    inputs: str
    handler: str
    python: str
    architecture: str
    glibc: str
    loads: bool
    kept: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's entry."""
        entry = asdict(self)
        del entry["function"], entry["kept"]
        return entry


@dataclass(frozen=True, slots=True)
class Order:
    """What to build, from what, to where.

    Args:
        package: the folder of `mantissa`.
        rules: the folder of the rule library.
        out: where the zips and the manifest go.
        wheels: where downloaded wheels are kept.
    """

    target: Target
    package: Path
    rules: Path
    out: Path
    wheels: Path


def build(
    order: Order,
    names: Sequence[str] = (),
    done: Callable[[Artefact], None] = lambda artefact: None,
) -> list[Artefact]:
    """Build the artefacts of these functions, all without a name, and write the manifest.

    Args:
        done: told of each artefact when it is there.

    Raises:
        ConfigError: no such function; a package has no wheel for the target.
        StoreError: an artefact is over Lambda's limit or holds what none may.
    """
    chosen = [_function(name) for name in names] or list(FUNCTIONS.values())
    manifest = _read_manifest(order.out)
    artefacts = []
    for function in chosen:
        artefact = _artefact(function, order, manifest.get(function.name, {}))
        done(artefact)
        artefacts.append(artefact)
    manifest |= {artefact.function: artefact.to_json() for artefact in artefacts}
    text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
    (order.out / MANIFEST).write_text(text, encoding="utf-8")
    return artefacts


def lock_of(function: Function) -> tuple[Pin, ...]:
    """Return a function's locked packages."""
    file = files("mantissa.adapters.packaging") / "locks" / f"{function.name}.lock"
    return parse_lock(file.read_text(encoding="utf-8"), f"{function.name}.lock")


def _function(name: str) -> Function:
    if name not in FUNCTIONS:
        raise ConfigError(f"no function {name!r}", fix=f"one of: {', '.join(FUNCTIONS)}")
    return FUNCTIONS[name]


def _artefact(function: Function, order: Order, before: Mapping[str, Any]) -> Artefact:
    pins = [p for p in lock_of(function) if p.applies(order.target.environment)]
    _refuse_forbidden(function, pins)
    own = merge(own_entries(function, order.package, order.rules))
    inputs = _inputs(order.target, pins, own)
    path = order.out / f"{function.name}.zip"
    if kept := _kept(function, path, inputs, before):
        return kept
    wheels = fetch_wheels(pins, order.target, order.wheels / order.target.name)
    packed = (entry for wheel in wheels.values() for entry in wheel_entries(wheel))
    written = archive.write_archive(path, merge([*own.items(), *packed]))
    if written.unzipped > MAX_UNZIPPED:
        path.unlink()
        raise StoreError(
            f"{function.name} unpacks to {written.unzipped:,} bytes; "
            f"Lambda allows {MAX_UNZIPPED:,}",
            fix="take the container image: docs/guide/aws/package.md",
        )
    return _entry(function, order.target, inputs, written, list(wheels.values()))


def _refuse_forbidden(function: Function, pins: Sequence[Pin]) -> None:
    without = FORBIDDEN if function.embedded else FORBIDDEN | {EMBEDDED}
    found = sorted(without.intersection(pin.name for pin in pins))
    if found:
        raise StoreError(f"{function.name} must not hold {', '.join(found)}")


def _inputs(target: Target, pins: Sequence[Pin], own: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256(f"{_FORMAT}\n{target.name}\n".encode())
    for line in (*trim.fingerprint(), *(pin.requirement for pin in pins)):
        digest.update(f"{line}\n".encode())
    for path in sorted(own):
        digest.update(f"{path} {hashlib.sha256(own[path]).hexdigest()}\n".encode())
    return digest.hexdigest()


def _kept(
    function: Function, path: Path, inputs: str, before: Mapping[str, Any]
) -> Artefact | None:
    """Return the artefact that is there already, if it is what would be built."""
    if before.get("inputs") != inputs or not path.is_file():
        return None
    if archive.file_sha256(path) != before.get("sha256"):
        return None
    return Artefact(function=function.name, **before, kept=True)


def _entry(
    function: Function,
    target: Target,
    inputs: str,
    written: archive.Archive,
    wheels: Sequence[Path],
) -> Artefact:
    glibc = max((wheel_glibc(wheel) for wheel in wheels), default=0)
    return Artefact(
        function=function.name,
        file=f"{function.name}.zip",
        sha256=written.sha256,
        sha256_base64=base64.b64encode(bytes.fromhex(written.sha256)).decode("ascii"),
        bytes=written.size,
        unzipped=written.unzipped,
        content=written.content,
        inputs=inputs,
        handler=function.handler,
        python=target.python,
        architecture=target.architecture,
        glibc=f"2.{glibc}" if glibc else "",
        loads=target.loads(glibc),
    )


def _read_manifest(out: Path) -> dict[str, Any]:
    """Return the manifest of the last build; empty for none, or for one that cannot be read."""
    try:
        found = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
