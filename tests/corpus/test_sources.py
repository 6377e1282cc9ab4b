"""Every built-in source proves itself on its own sample and is fit to be read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from mantissa.sources.decode import decode
from mantissa.sources.mapping import Extractor
from mantissa.sources.proof import prove, sample_of
from mantissa.sources.record import Batch, Limits
from mantissa.sources.registry import Sources, load_folder, load_sources
from support.sources import BUILTIN, ENVELOPE, same

FOLDERS = sorted(p.parent for p in BUILTIN.glob("*/source.yaml"))


@pytest.fixture(params=FOLDERS, ids=lambda p: p.name)
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture(scope="module")
def sources() -> Sources:
    return load_sources()


def batches(folder: Path) -> list[Batch]:
    sample = sample_of(folder)
    decoded = decode(io.BytesIO(sample.read_bytes()), sample.name, Limits())
    return [item for item in decoded if isinstance(item, Batch)]


def test_the_sample_becomes_the_expected_rows(folder: Path) -> None:
    differences = prove(load_folder(folder), folder)
    assert not differences, "\n".join(str(d) for d in differences)


def test_the_sample_reads_the_same_on_the_quick_way(folder: Path) -> None:
    spec = load_folder(folder)
    quick, slow = Extractor(spec), Extractor(spec, fast=False)
    for batch in batches(folder):
        assert same(quick.extract(batch, ENVELOPE), slow.extract(batch, ENVELOPE))


def test_the_sample_is_claimed_by_content_alone(folder: Path, sources: Sources) -> None:
    sample = [raw for batch in batches(folder) for raw in batch.raws]
    assert sources.claim("unnamed", sample).source == folder.name


def test_every_column_is_explained(folder: Path) -> None:
    spec = load_folder(folder)
    assert [c.name for c in spec.table.columns if not c.comment.strip()] == []
    assert spec.description
    assert spec.docs.startswith("https://")
    assert spec.sigma, "a source serves at least one Sigma log source"
    for logsource in spec.sigma:
        assert set(logsource.when) <= {c.name for c in spec.table.columns}


def test_every_field_binds_to_its_own_column(folder: Path) -> None:
    spec = load_folder(folder)
    for field in spec.fields:
        binding = spec.bind(".".join(field.paths[0]))
        assert binding is not None
        assert (binding.column, binding.path) == (field.name, ())


def test_no_two_sources_share_a_key_pattern(sources: Sources) -> None:
    patterns = [p for spec in sources.values() for p in spec.recognise.keys]
    assert len(patterns) == len(set(patterns))
