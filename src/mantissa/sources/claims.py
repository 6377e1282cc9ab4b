"""Recognising a source by an object's key and by what its records look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mantissa.sources import quirks
from mantissa.sources.definition import Signature, SourceSpec
from mantissa.sources.reader import encode
from mantissa.sources.record import RecordError
from mantissa.sources.reference import Node, compact, filter_reason, plain_text, record_of

SAMPLE_RECORDS = 50
"""Most records that are looked at to recognise an object."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How well a sample fits a source.

    Args:
        score: share of the sample that fits, 0 to 1; weak fits count half.
        is_strong: whether the sample fits definitely.
    """

    score: float
    is_strong: bool


class Claimant:
    """One source's way of recognising its objects."""

    def __init__(self, spec: SourceSpec) -> None:
        self.spec = spec
        self._keys = [re.compile(pattern) for pattern in spec.recognise.keys]
        self._normalise = None if spec.normalise is None else quirks.resolve(spec.normalise)

    def claims_key(self, object_key: str) -> bool:
        """Whether the object's key is one of the source's."""
        return any(pattern.search(object_key) for pattern in self._keys)

    def standing(self, sample: Sequence[bytes]) -> Standing:
        """Say how well records fit; definite when at least half of them fit strongly."""
        fits = [self.fit(raw) for raw in sample[:SAMPLE_RECORDS]]
        if not fits:
            return Standing(0.0, False)
        strong = sum(1 for f in fits if f == 1.0)
        return Standing(sum(fits) / len(fits), 2 * strong >= len(fits))

    def fit(self, raw: bytes) -> float:
        """Return 1 for a strong fit, ½ for a weak one, 0 for none."""
        recognise = self.spec.recognise
        if raw.lstrip()[:1] not in (b"{", b"<"):
            return max((_line_fit(s, raw) for s in recognise.signatures if s.line), default=0.0)
        record = self._record(raw)
        if record is None:
            return 0.0
        if filter_reason(record, recognise.filtered) is not None:
            return 1.0
        return max((_fit(s, record) for s in recognise.signatures if not s.line), default=0.0)

    def _record(self, raw: bytes) -> Node | None:
        """Return a record's fields, or None if this source cannot read it at all."""
        try:
            text = raw if self._normalise is None else encode(self._normalise(raw))
            return record_of(compact(text))
        except RecordError:
            return None


def _fit(signature: Signature, record: Node) -> float:
    if not all(record.find(path) for path in signature.fields):
        return 0.0
    for path, pattern in signature.values:
        found = record.find(path)
        if found is None or not re.fullmatch(pattern, plain_text(found[1])):
            return 0.0
    return 1.0 if signature.strong else 0.5


def _line_fit(signature: Signature, raw: bytes) -> float:
    line = raw.decode("utf-8", "replace").strip()
    if not re.fullmatch(signature.line, line):
        return 0.0
    return 1.0 if signature.strong else 0.5
