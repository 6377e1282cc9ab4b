"""What an artefact is built for: a processor and a Python of AWS Lambda, whatever runs here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mantissa.errors import ConfigError

ARCHITECTURES: Mapping[str, str] = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's name of an architecture → Linux's."""

RUNTIME_GLIBC: Mapping[str, int] = {"3.11": 26, "3.12": 34, "3.13": 34}
"""Minor version of glibc 2 in each Python runtime of Lambda.

Amazon Linux 2 below 3.12 (glibc 2.26), Amazon Linux 2023 since (2.34); AWS, "Lambda runtimes".
"""
_OLDEST, _NEWEST = 17, 34
"""glibc 2 of the oldest wheels taken (manylinux2014) and of the newest that any runtime loads."""


@dataclass(frozen=True, slots=True)
class Target:
    """A processor and a Python.

    Args:
        architecture: `arm64` or `x86_64`.
        python: `3.13`.
    """

    architecture: str
    python: str

    @classmethod
    def of(cls, architecture: str, python: str) -> Target:
        """Return the target of those names. Raises `ConfigError` for one that Lambda has not."""
        for name, known in ((architecture, ARCHITECTURES), (python, RUNTIME_GLIBC)):
            if name not in known:
                raise ConfigError(
                    f"nothing is built for {name!r}", fix=f"one of: {', '.join(known)}"
                )
        return cls(architecture, python)

    @property
    def name(self) -> str:
        """The target as part of a path."""
        return f"{self.python}-{self.architecture}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The tags of wheels that fit, newest first."""
        machine = ARCHITECTURES[self.architecture]
        numbered = [f"manylinux_2_{minor}_{machine}" for minor in range(_NEWEST, _OLDEST - 1, -1)]
        return (*numbered, f"manylinux2014_{machine}")

    @property
    def environment(self) -> Mapping[str, str]:
        """PEP 508's variables there; pip would take those of the Python that it runs on."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": ARCHITECTURES[self.architecture],
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
            "extra": "",
        }

    def loads(self, glibc: int) -> bool:
        """Say whether the runtime can load a library built against glibc 2.`glibc`."""
        return glibc <= RUNTIME_GLIBC[self.python]
