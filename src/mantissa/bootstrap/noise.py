"""The library's noise, as it travels with the rules."""

from __future__ import annotations

from mantissa.bootstrap.app import library_rules
from mantissa.detection.noise import FILE, Noise, read_noise
from mantissa.model import RuleInfo


def noise_of(info: RuleInfo) -> Noise | None:
    """Return how often a rule of the library fires without an attack, if that was measured."""
    measured = library_rules() / FILE
    return read_noise(measured.read_bytes(), info) if measured.is_file() else None
