"""What a function knows between two calls: current settings, or a failure that says why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mantissa.adapters.memory import ManualClock
from mantissa.bootstrap.aws import FRESH, Deployed
from mantissa.errors import ConfigError
from support.aws_stores import moto_clients
from support.requirements import require

BUCKET = "a-lake"
KEY = "config/mantissa.toml"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 4, 12, tzinfo=UTC))


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    require("moto")
    with moto_clients() as clients:
        clients.s3.create_bucket(Bucket=BUCKET)
        yield lambda text: clients.s3.put_object(Bucket=BUCKET, Key=KEY, Body=text.encode())


def deployed(home: Path, clock: ManualClock) -> Deployed:
    environ = {"MANTISSA_AWS_LAKE_BUCKET": BUCKET, "AWS_LAMBDA_LOG_STREAM_NAME": "2026/03/04/[1]ab"}
    return Deployed(home / "copy", environ, clock)


def test_settings_are_the_lakes_and_stay_while_nothing_changes(
    put, tmp_path: Path, clock: ManualClock
) -> None:
    put("[query]\nmax_rows = 7\n")
    functions = deployed(tmp_path, clock)
    app = functions.app()
    assert app.settings.query.max_rows == 7
    assert app.settings.aws.lake_bucket == BUCKET
    clock.advance(FRESH.total_seconds())
    assert functions.app() is app
    put("[query]\nmax_rows = 8\n")
    assert functions.app() is app
    clock.advance(FRESH.total_seconds())
    assert functions.app().settings.query.max_rows == 8


def test_settings_that_cannot_be_read_fail_until_they_are_mended(
    put, tmp_path: Path, clock: ManualClock
) -> None:
    put("[query]\n")
    functions = deployed(tmp_path, clock)
    functions.app()
    put("[qeury]\n")
    clock.advance(FRESH.total_seconds())
    for _ in range(2):
        with pytest.raises(ConfigError, match="qeury"):
            functions.app()
    put("[query]\n")
    assert functions.app().settings.query.max_rows == 10_000


def test_a_worker_is_named_after_its_environment_and_others_are_waited_for(
    put, tmp_path: Path, clock: ManualClock
) -> None:
    put("")
    name, is_alive = deployed(tmp_path, clock).app().worker()
    assert name == "2026/03/04/[1]ab"
    assert is_alive("2026/03/04/[1]cd")
