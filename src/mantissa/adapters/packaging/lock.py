"""A hashed lock as a graph: which pins belong to a function, and which to one target.

The functions' locks are cut out of the development lock, so that what was tested is what is
shipped; no second resolution takes place. Who asked for a pin stands in the lock's own comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.markers import Marker

from mantissa.errors import ConfigError

_PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[^ ;]+)(?: ; (?P<marker>.+?))? \\$")
_HASH = re.compile(r" +--hash=sha256:(?P<digest>[0-9a-f]{64})(?: \\)?$")
_PARENT = re.compile(r" +#(?: via)? +(?!via$)(?P<name>[a-z0-9][a-z0-9.-]*)(?: \(.*\))?$")


@dataclass(frozen=True, slots=True)
class Pin:
    """One locked package.

    Args:
        marker: when it is installed, as PEP 508 writes it; empty for always.
        hashes: SHA-256 of every file that may be taken for it.
        parents: names of the packages that ask for it.
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    parents: tuple[str, ...] = ()

    def applies(self, environment: Mapping[str, str]) -> bool:
        """Say whether it is installed in an environment, given as PEP 508's variables."""
        return not self.marker or Marker(self.marker).evaluate(dict(environment))

    @property
    def requirement(self) -> str:
        """The pin as a line of a requirements file, its marker left out."""
        digests = "".join(f" --hash=sha256:{digest}" for digest in self.hashes)
        return f"{self.name}=={self.version}{digests}"


def parse_lock(text: str, where: str) -> tuple[Pin, ...]:
    """Read a lock as `uv pip compile --generate-hashes` writes it. Raises `ConfigError`."""
    pins: list[Pin] = []
    for number, line in enumerate(text.splitlines(), 1):
        if pin := _PIN.match(line):
            pins.append(Pin(pin["name"], pin["version"], pin["marker"] or "", ()))
        elif (digest := _HASH.match(line)) and pins:
            pins[-1] = _with(pins[-1], hashes=(*pins[-1].hashes, digest["digest"]))
        elif (parent := _PARENT.match(line)) and pins:
            pins[-1] = _with(pins[-1], parents=(*pins[-1].parents, parent["name"]))
        elif line.strip() and not line.lstrip().startswith("#"):
            fix = "write it again: make lock"
            raise ConfigError("not a line of a hashed lock", where=f"{where}:{number}", fix=fix)
    return tuple(pins)


def _with(
    pin: Pin, *, hashes: tuple[str, ...] | None = None, parents: tuple[str, ...] | None = None
) -> Pin:
    return Pin(pin.name, pin.version, pin.marker, hashes or pin.hashes, parents or pin.parents)


def closure(
    pins: Sequence[Pin], roots: Iterable[str], without: Iterable[str] = ()
) -> tuple[Pin, ...]:
    """Return the pins that `roots` need, themselves included, less what only `without` needs.

    Raises `ConfigError` for a root that the lock does not hold.
    """
    known = {pin.name for pin in pins}
    wanted = set(roots)
    if missing := sorted(wanted - known):
        raise ConfigError(f"not in the lock: {', '.join(missing)}", fix="add it, then: make lock")
    left_out = set(without) - wanted
    while True:
        found = {p.name for p in pins if p.name not in left_out and wanted.intersection(p.parents)}
        if found <= wanted:
            return tuple(pin for pin in pins if pin.name in wanted)
        wanted |= found


def render_lock(pins: Iterable[Pin], head: str) -> str:
    """Return pins as a lock, sorted as they came, under a comment."""
    entries = []
    for pin in pins:
        marker = f" ; {pin.marker}" if pin.marker else ""
        digests = " \\\n".join(f"    --hash=sha256:{digest}" for digest in pin.hashes)
        entries.append(f"{pin.name}=={pin.version}{marker} \\\n{digests}\n")
    return "".join(f"# {line}\n" for line in head.splitlines()) + "".join(entries)
