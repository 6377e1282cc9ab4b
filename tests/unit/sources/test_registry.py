"""Objects go to the one source that is certain, or to none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mantissa.errors import SourceError
from mantissa.sources.registry import Sources, load_sources
from mantissa.sources.spec import load_spec
from support.sources import LINES, SHOP, builtin, gate, shop

FOUR = ("aws_cloudtrail", "aws_vpcflow", "github", "okta")


def sources() -> Sources:
    known = {name: builtin(name) for name in FOUR}
    return Sources({**known, "shop": shop(), "gate": gate()})


def claim(key: str, *records: Any) -> tuple[str | None, tuple[str, ...]]:
    sample = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in records]
    found = sources().claim(key, sample)
    return found.source, found.nearest


SALE = {"what": "sold", "when": 1, "who": {"name": "anna"}}
TRAIL = {
    "eventVersion": "1.11",
    "eventTime": "2026-03-04T12:00:00Z",
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser",
    "userIdentity": {"type": "Root"},
}
FLOW = (
    b"2 111122223333 eni-0a1b2c3d4e5f60718 198.51.100.23 10.20.5.40 "
    b"49822 5432 6 21 4418 1772615851 1772615910 ACCEPT OK"
)


def test_a_key_claims() -> None:
    assert claim("in/shop/x.json", {"what": "sold"})[0] == "shop"
    key = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/04/x.json.gz"
    assert claim(key)[0] == "aws_cloudtrail"
    assert claim("b/AWSLogs/o-abc123/111122223333/CloudTrail-Digest/eu/x.json.gz")[0] == (
        "aws_cloudtrail"
    )
    assert claim("AWSLogs/111122223333/vpcflowlogs/eu-central-1/x.log.gz")[0] == "aws_vpcflow"


def test_a_strong_signature_claims() -> None:
    assert claim("x.json", SALE)[0] == "shop"
    assert claim("x.json", TRAIL)[0] == "aws_cloudtrail"
    assert claim("x.log", FLOW)[0] == "aws_vpcflow"


def test_a_weak_signature_only_proposes() -> None:
    source, nearest = claim("x.json", {"what": "sold"})
    assert source is None
    assert nearest[0] == "shop"
    assert len(nearest) == 3


def test_a_mixed_object_needs_a_strong_half() -> None:
    other = {"message": "x"}
    assert claim("x.json", SALE, other)[0] == "shop"
    assert claim("x.json", SALE, other, other)[0] is None


def test_two_certain_sources_claim_nothing() -> None:
    both = {**SALE, **TRAIL}
    source, nearest = claim("x.json", both)
    assert source is None
    assert set(nearest[:2]) == {"shop", "aws_cloudtrail"}


def test_a_key_gives_way_when_the_content_is_certainly_another() -> None:
    """Somebody's folder `github` holds checkouts, and logs of every kind in them."""
    assert claim("in/shop/x.json", TRAIL)[0] == "aws_cloudtrail"
    assert claim("home/ada/github/logs/x.json", TRAIL)[0] == "aws_cloudtrail"


def test_a_key_claims_nothing_that_looks_nothing_like_its_source() -> None:
    for record in ({"unlike": "anything"}, b"# Shop", b"{"):
        source, nearest = claim("in/shop/README.md", record)
        assert source is None
        assert nearest[0] == "shop"
    assert claim("in/shop/x.json", {"unlike": "anything"}, {"what": "sold"})[0] == "shop"


def test_a_key_claims_what_has_no_readable_record() -> None:
    assert claim("in/shop/cut-short.json.gz")[0] == "shop"


def test_a_key_is_enough_for_a_source_without_signatures() -> None:
    cut = SHOP.index("  signatures:"), SHOP.index("  filtered:")
    blind = load_spec(SHOP[: cut[0]] + SHOP[cut[1] :], "shop/source.yaml")
    assert Sources({"shop": blind}).claim("in/shop/x.json", [b'{"a": 1}']).source == "shop"


def test_filtered_records_belong_to_their_source() -> None:
    digest = {"digestS3Object": "x", "digestStartTime": "y", "logFiles": [{}]}
    assert claim("x.json", digest)[0] == "aws_cloudtrail"
    assert claim("x.json", {"eventType": "AwsCloudTrailInsight"})[0] == "aws_cloudtrail"


def test_nothing_claims_the_unknown() -> None:
    for sample in ([], [b""], [b"\x00\xff"], [b"{"], [{"a": 1}], [b"<Event/>"], [b"a b c"]):
        source, nearest = claim("unknown/x.bin", *sample)
        assert source is None
        assert len(nearest) == 3


def test_an_object_named_like_a_source_is_told_so() -> None:
    assert claim("uploads/okta.json", {"a": 1})[1][0] == "okta"
    assert claim("uploads/githubs/x.json", {"a": 1})[1][0] == "github"


def test_finding_a_source_by_name() -> None:
    assert sources().find("okta").name == "okta"
    with pytest.raises(SourceError) as caught:
        sources().find("oktaa")
    assert "okta" in (caught.value.fix or "")


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "source.yaml").write_text(text)
    return folder


def test_a_users_folder_adds_and_overrides(tmp_path: Path) -> None:
    write(tmp_path / "shop", SHOP)
    write(tmp_path / "gate", LINES)
    mine = LINES.replace("name: gate", "name: okta")
    write(tmp_path / "okta", mine)
    (tmp_path / "notes.txt").write_text("not a source")
    known = load_sources([tmp_path])
    assert {"shop", "gate", "okta", "github"} <= set(known)
    assert known["okta"].title == "Gate"


def test_a_folder_must_have_its_sources_name(tmp_path: Path) -> None:
    write(tmp_path / "other", SHOP)
    with pytest.raises(SourceError, match="folder named 'other'"):
        load_sources([tmp_path])


def test_a_folder_that_is_not_there_adds_nothing(tmp_path: Path) -> None:
    assert set(load_sources([tmp_path / "none"])) == set(load_sources())
