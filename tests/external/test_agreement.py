"""Where published fixtures say what a record means, we say the same or say why not.

Writes its report to `$MANTISSA_REPORT_DIR/sources-agreement.md`, else to a temporary folder.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from mantissa.sources.decode import decode
from mantissa.sources.mapping import Extractor
from mantissa.sources.record import Batch, Limits
from support.agreement import ON_PURPOSE, TABLES, Agreement
from support.sources import ENVELOPE, builtin


def rows_of(source: str, path: Path) -> dict[int, dict[str, Any]]:
    """Return a file's rows by position."""
    extractor = Extractor(builtin(source))
    found: dict[int, dict[str, Any]] = {}
    for item in decode(io.BytesIO(path.read_bytes()), path.name, Limits()):
        if isinstance(item, Batch):
            rows = extractor.extract(item, ENVELOPE).table.to_pylist()
            found |= {row["source_line"] - 1: row for row in rows}
    return found


@pytest.fixture(scope="module")
def agreement(shared_data: Path) -> Agreement:
    result = Agreement()
    for entry in json.loads((shared_data / "manifest.json").read_text())["entries"]:
        if entry["format"] not in TABLES or not entry.get("expected"):
            continue
        source = TABLES[entry["format"]][0]
        rows = rows_of(source, shared_data / entry["file"])
        expected = json.loads((shared_data / entry["expected"]).read_text())["expected"]
        for position, document in enumerate(expected):
            if document is not None and position in rows:
                result.compare(entry["format"], document, rows[position])
    return result


@pytest.fixture(scope="module")
def report(agreement: Agreement, tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("MANTISSA_REPORT_DIR")
    folder = Path(named) if named else tmp_path_factory.mktemp("report")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "sources-agreement.md"
    file.write_text(agreement.report())
    return file


def test_every_difference_is_on_purpose(agreement: Agreement) -> None:
    surprises = [d for d in agreement.differences if not d[4]]
    assert not surprises, "\n".join(map(str, surprises))


def test_every_format_and_most_of_the_table_was_compared(agreement: Agreement) -> None:
    assert {kind for kind, _ in agreement.fields} == set(TABLES)
    assert sum(agreement.fields.values()) > 1350
    assert len(agreement.fields) > 120


def test_every_deliberate_difference_is_still_one(agreement: Agreement) -> None:
    assert {(kind, name) for kind, name, *_ in agreement.differences} == set(ON_PURPOSE)


def test_the_report_lists_agreements_and_differences(report: Path) -> None:
    text = report.read_text()
    assert "| aws.cloudtrail | event.action | activity |" in text
    assert "cut the domain" in text
