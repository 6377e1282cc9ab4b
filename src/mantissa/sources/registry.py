"""All log sources that are known, and which of them an object belongs to.

An object's key decides first, unless its first records look nothing like that source; then what
they look like. Only a definite signature claims by content; anything less proposes, for a misfiled
log is worse than one in quarantine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from mantissa.errors import SourceError
from mantissa.sources.claims import Claimant, Standing
from mantissa.sources.spec import SourceSpec, load_spec
from mantissa.sources.specfile import did_you_mean, nearest

SPEC_FILE = "source.yaml"


@dataclass(frozen=True, slots=True)
class Claim:
    """Which source an object belongs to; None when it is not certain.

    Args:
        nearest: the sources most like it, best first, at most three.
    """

    source: str | None
    nearest: tuple[str, ...]


class Sources(Mapping[str, SourceSpec]):
    """The known sources by name."""

    def __init__(self, specs: Mapping[str, SourceSpec]) -> None:
        self._specs = dict(sorted(specs.items()))
        self._claimants = {name: Claimant(spec) for name, spec in self._specs.items()}

    def __getitem__(self, name: str) -> SourceSpec:
        return self._specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def find(self, name: str) -> SourceSpec:
        """Return the source of that name. Raises `SourceError` naming the nearest."""
        if name not in self._specs:
            raise SourceError(f"no source {name!r}", fix=did_you_mean(name, self._specs))
        return self._specs[name]

    def claim(self, object_key: str, sample: Sequence[bytes]) -> Claim:
        """Say which source an object belongs to by its key and its first records."""
        by_key = [n for n, c in self._claimants.items() if c.claims_key(object_key)]
        standings = {n: c.standing(sample) for n, c in self._claimants.items()}
        strong = [n for n, s in standings.items() if s.is_strong]
        fitting = [n for n in by_key if self._fits(n, sample, standings)]
        certain = _only_one(fitting) or _only_one([n for n in strong if n in (fitting or strong)])
        return Claim(certain, () if certain else self._nearest(object_key, by_key, standings))

    def _fits(self, name: str, sample: Sequence[bytes], standings: Mapping[str, Standing]) -> bool:
        """Whether an object's content has nothing against what its key says.

        A folder's name alone would take everything in it, also what is no log at all.
        """
        tells_content = bool(self._specs[name].recognise.signatures)
        return not sample or not tells_content or standings[name].score > 0

    def _nearest(
        self, key: str, by_key: list[str], standings: Mapping[str, Standing]
    ) -> tuple[str, ...]:
        ranked = sorted(standings, key=lambda n: (n not in by_key, -standings[n].score, n))
        likely = [n for n in ranked if n in by_key or standings[n].score]
        words = [
            w for part in key.replace("\\", "/").split("/") for w in (part, part.split(".")[0])
        ]
        by_name = [n for word in words if word for n in nearest(word, self._specs)]
        return tuple(dict.fromkeys([*likely, *by_name, *ranked]))[:3]


def _only_one(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def load_sources(extra: Sequence[Path] = ()) -> Sources:
    """Load the built-in sources, then those of the user's folders, which override by name.

    Raises `SourceError` naming file and line of the first specification that is wrong.
    """
    specs: dict[str, SourceSpec] = {}
    roots: list[Traversable] = [files("mantissa.sources").joinpath("builtin"), *extra]
    for root in roots:
        for folder in source_folders(root):
            spec = load_folder(folder)
            specs[spec.name] = spec
    return Sources(specs)


def source_folders(root: Traversable) -> list[Traversable]:
    """Return the folders under `root` that hold a specification, by name."""
    if not root.is_dir():
        return []
    folders = (f for f in root.iterdir() if f.is_dir() and f.joinpath(SPEC_FILE).is_file())
    return sorted(folders, key=lambda f: f.name)


def load_folder(folder: Traversable) -> SourceSpec:
    """Load the specification in one folder. Raises `SourceError`."""
    file = folder.joinpath(SPEC_FILE)
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SourceError("not UTF-8", file=str(file), line=1) from error
    spec = load_spec(text, str(file))
    if spec.name != folder.name:
        raise SourceError(
            f"the source {spec.name!r} lies in a folder named {folder.name!r}",
            file=str(file),
            line=1,
            fix=f"rename the folder to {spec.name}",
        )
    return spec
