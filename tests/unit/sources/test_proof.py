"""`sources test`: differences are listed by record and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from mantissa.errors import SourceError
from mantissa.sources.proof import expected_text, prove
from support.sources import SHOP, shop

SAMPLE = '{"what":"sold","when":"2026-03-04T12:00:00Z","port":443}\n{"what":"ping"}\n{"what":"x"}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "source.yaml").write_text(SHOP)
    (tmp_path / "sample.jsonl").write_text(SAMPLE)
    (tmp_path / "expected.jsonl").write_text(expected_text(shop(), tmp_path))
    return tmp_path


def test_a_source_that_does_what_is_expected_has_no_differences(folder: Path) -> None:
    assert prove(shop(), folder) == []
    lines = (folder / "expected.jsonl").read_text().splitlines()
    assert '"skipped":"heartbeat"' in lines[1]
    assert '"quarantined":"missing_required"' in lines[2]


def test_a_changed_value_is_named_by_record_and_column(folder: Path) -> None:
    file = folder / "expected.jsonl"
    file.write_text(file.read_text().replace('"port":443', '"port":"443"'))
    [difference] = prove(shop(), folder)
    assert (difference.record, difference.column) == (1, "port")
    assert str(difference) == 'record 1, column port: expected "443", found 443'


def test_a_column_too_many_or_too_few_is_a_difference(folder: Path) -> None:
    file = folder / "expected.jsonl"
    file.write_text(file.read_text().replace('"port":443', '"price":1.0'))
    assert {d.column for d in prove(shop(), folder)} == {"port", "price"}


def test_a_record_that_became_something_else_is_a_difference(folder: Path) -> None:
    (folder / "sample.jsonl").write_text(SAMPLE.replace("ping", "pong") + '{"what":"ping"}\n')
    found = prove(shop(), folder)
    assert [(d.record, d.column) for d in found] == [(2, ""), (4, "")]


def test_missing_files_and_bad_lines_are_named(folder: Path) -> None:
    file = folder / "expected.jsonl"
    file.write_text('{"row":{}}\nnot json\n')
    with pytest.raises(SourceError) as caught:
        prove(shop(), folder)
    assert caught.value.line == 2
    file.write_text("[]\n")
    with pytest.raises(SourceError, match="one JSON object"):
        prove(shop(), folder)
    file.unlink()
    with pytest.raises(SourceError, match="no expected rows"):
        prove(shop(), folder)
    (folder / "sample.txt").write_text("another")
    with pytest.raises(SourceError, match="more than one sample"):
        expected_text(shop(), folder)


def test_expected_rows_do_not_depend_on_when_the_sample_is_read(folder: Path) -> None:
    old = SAMPLE.replace("2026", "1999")
    (folder / "sample.jsonl").write_text(old)
    assert '"event_date":"1999-03-04"' in expected_text(shop(), folder)
