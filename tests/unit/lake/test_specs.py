"""A plan is carried out with the specification it was pinned to, whatever was edited since."""

from __future__ import annotations

import pytest

from mantissa.errors import ObjectNotFound, SourceError
from mantissa.lake.specs import SpecStore
from mantissa.sources.registry import Sources
from mantissa.sources.spec import load_spec
from support.faults import Faults, Faulty, Killed
from support.lakes import Lake, assert_reconciled, fingerprint, rows_of
from support.sources import SHOP

OLD = load_spec(SHOP, "shop/source.yaml")
NEW = load_spec(SHOP.replace("path: price, type: double", "path: price, type: bigint"), "s")
KEY = "in/shop/a.json"
SALES = b"".join(
    b'{"what":"sold","when":%d,"who":{"name":"a"},"price":%d.5}\n' % (1_795_000_000 + n, n)
    for n in range(7)
)


def lake(spec: object) -> Lake:
    made = Lake(sources=Sources({"shop": spec}))  # type: ignore[dict-item]
    made.deliver(KEY, SALES)
    return made


def test_an_edit_between_a_crash_and_the_retry_changes_nothing() -> None:
    clean = lake(OLD)
    clean.ingest().one(KEY)
    expected = fingerprint(clean.objects, clean.state)
    for at in range(1, 20):
        mine = lake(OLD)
        faults = Faults(at=at, kind="kill_after")
        objects = Faulty(mine.objects, faults, "objects")
        try:
            Lake(mine.inputs, objects, mine.state, mine.settings, mine.sources).ingest().one(KEY)
        except Killed:
            begun = any(True for _ in mine.state.query("ledger"))
            mine.sources = Sources({"shop": NEW})
            mine.ingest().one(KEY)
            if begun:
                assert fingerprint(mine.objects, mine.state) == expected, faults.log
            assert_reconciled(mine.objects, mine.state)
        if faults.calls < at:
            break
    assert at >= 4


def test_an_edit_applies_to_objects_that_have_not_begun() -> None:
    mine = lake(OLD)
    mine.ingest().one(KEY)
    mine.sources = Sources({"shop": NEW})
    mine.deliver("in/shop/b.json", SALES.replace(b".5", b""))
    mine.ingest().one("in/shop/b.json")
    prices = {row["source_object"]: type(row["price"]) for row in rows_of(mine.objects)}
    assert prices == {KEY: float, "in/shop/b.json": int}


def test_texts_are_kept_beside_the_rows() -> None:
    mine = lake(OLD)
    mine.ingest().one(KEY)
    assert mine.objects.get(f"specs/shop-{OLD.version}.yaml").decode() == OLD.text
    assert SpecStore(mine.objects, Sources({})).load("shop", OLD.version).text == OLD.text


def test_a_version_that_nobody_kept_is_an_error() -> None:
    with pytest.raises(ObjectNotFound, match="specs/shop-"):
        SpecStore(lake(OLD).objects, Sources({})).load("shop", OLD.version)


def test_a_kept_text_that_was_damaged_names_itself() -> None:
    mine = lake(OLD)
    mine.objects.put_if_absent(f"specs/shop-{OLD.version}.yaml", b"name: [")
    with pytest.raises(SourceError, match=r"specs/shop-"):
        SpecStore(mine.objects, Sources({})).load("shop", OLD.version)
