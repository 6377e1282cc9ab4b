"""The servers behind the other tests are up, real, shared, and gone afterwards."""

from __future__ import annotations

from support.emulators import Emulator
from support.trino import Trino


def test_trino_answers(trino: Trino) -> None:
    assert list(trino.rows("SELECT count(*) FROM (VALUES 1, 2)")) == [[2]]


def test_emulators_keep_objects(ministack: Emulator, moto: Emulator) -> None:
    for emulator in (ministack, moto):
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket="servers-keep-objects")
        s3.put_object(Bucket="servers-keep-objects", Key="a", Body=b"1")
        assert s3.get_object(Bucket="servers-keep-objects", Key="a")["Body"].read() == b"1"
