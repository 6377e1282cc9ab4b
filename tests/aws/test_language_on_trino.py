"""Sigma's language as we run it, on Trino: what `tests/unit/detection/test_language.py` asks DuckDB."""

from __future__ import annotations

from mantissa.detection.dialects import TRINO
from support.detection import SPEC
from support.emulators import Emulator
from support.sigma_table import CASES, answers
from support.trino import Trino
from support.trino_rows import OnTrino


def test_the_language_on_trino(trino: Trino, ministack: Emulator) -> None:
    on_trino = OnTrino(trino, ministack, [SPEC.table])
    found = answers(on_trino, TRINO)
    wrong = {c.about: found[c.about] for c in CASES if found[c.about] != c.expected}
    assert wrong == {}
    assert on_trino.queries < 10
