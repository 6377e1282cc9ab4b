"""What every secret store promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mantissa.adapters.aws.secrets import SecretsManager
from mantissa.adapters.local.secrets import LocalSecrets, variable_of
from mantissa.adapters.memory import ManualClock, MemorySecrets
from mantissa.errors import ConfigError
from mantissa.ports import SecretStore
from support.aws_stores import moto_clients

CANARY = "canary-7319"
Make = Callable[[Mapping[str, str]], SecretStore]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2024, 5, 1, tzinfo=UTC))


def write(file: Path, text: str, mode: int = 0o600) -> Path:
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


def lines(secrets: Mapping[str, str]) -> str:
    return "".join(f'"{name}" = "{value}"\n' for name, value in secrets.items())


@pytest.fixture(params=["memory", "file", "environment", "secrets manager on moto"])
def make(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Make]:
    def in_environment(secrets: Mapping[str, str]) -> SecretStore:
        environ = {variable_of(name): value for name, value in secrets.items()}
        return LocalSecrets(tmp_path / "none.toml", environ, clock)

    def in_file(secrets: Mapping[str, str]) -> SecretStore:
        return LocalSecrets(write(tmp_path / "secrets.toml", lines(secrets)), {}, clock)

    makers: dict[str, Make] = {
        "memory": MemorySecrets,
        "file": in_file,
        "environment": in_environment,
    }
    if request.param in makers:
        yield makers[request.param]
        return
    with moto_clients() as clients:

        def in_aws(secrets: Mapping[str, str]) -> SecretStore:
            for name, value in secrets.items():
                full = name if name.startswith("mantissa-log/") else f"mantissa-log/{name}"
                clients.secretsmanager.create_secret(Name=full, SecretString=value)
            return SecretsManager(clients.secretsmanager, "mantissa-log/", clock)

        yield in_aws


@pytest.mark.parametrize("name", ["slack-webhook", "mantissa-log/pagerduty-api-key", "a.b_c"])
def test_a_secret_is_returned_and_does_not_show_itself(make: Make, name: str) -> None:
    secret = make({name: CANARY}).get(name)
    assert secret.value == CANARY
    assert CANARY not in f"{secret} {secret!r}"


@pytest.mark.parametrize("fresh", [False, True])
def test_a_secret_that_is_not_there_is_an_error_that_names_it(make: Make, fresh: bool) -> None:
    with pytest.raises(ConfigError, match="nowhere") as caught:
        make({"other": CANARY}).get("nowhere", fresh=fresh)
    assert caught.value.fix
    assert CANARY not in str(caught.value)


# The rest is the local store's own.


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "secrets.toml", lines({"key": "one"}))


def test_a_value_is_used_for_five_minutes(file: Path, clock: ManualClock) -> None:
    store = LocalSecrets(file, {}, clock)
    store.get("key")
    write(file, lines({"key": "two"}))
    clock.advance(299)
    assert store.get("key").value == "one"
    clock.advance(1)
    assert store.get("key").value == "two"


def test_fresh_looks_again_at_once_and_is_remembered(file: Path, clock: ManualClock) -> None:
    store = LocalSecrets(file, {}, clock)
    store.get("key")
    write(file, lines({"key": "two"}))
    assert store.get("key", fresh=True).value == "two"
    assert store.get("key").value == "two"


def test_a_clock_that_was_set_back_does_not_keep_a_value_alive(
    file: Path, clock: ManualClock
) -> None:
    store = LocalSecrets(file, {}, clock)
    store.get("key")
    write(file, lines({"key": "two"}))
    clock.advance(-3600)
    assert store.get("key").value == "two"


def test_a_secret_that_was_removed_is_not_served_after_a_failed_look(
    file: Path, clock: ManualClock
) -> None:
    store = LocalSecrets(file, {}, clock)
    store.get("key")
    write(file, "")
    with pytest.raises(ConfigError):
        store.get("key", fresh=True)
    with pytest.raises(ConfigError):
        store.get("key")


def test_the_environment_goes_before_the_file(file: Path, clock: ManualClock) -> None:
    assert LocalSecrets(file, {"MANTISSA_SECRET_KEY": "env"}, clock).get("key").value == "env"
    assert LocalSecrets(file, {"MANTISSA_SECRET_KEY": ""}, clock).get("key").value == "one"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_file_that_others_may_read_is_refused(file: Path, clock: ManualClock, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(ConfigError, match="others may read it") as caught:
        LocalSecrets(file, {}, clock).get("key")
    assert caught.value.fix == f"chmod 600 {file}"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (f'good = "x"\nkey = {CANARY}"', ":2"),
        (f'[key]\nvalue = "{CANARY}"', ""),
        (f"key = '''{CANARY}", ""),
    ],
)
def test_a_broken_file_is_named_by_line_and_never_quoted(
    file: Path, clock: ManualClock, text: str, where: str
) -> None:
    write(file, text)
    with pytest.raises(ConfigError) as caught:
        LocalSecrets(file, {}, clock).get("key")
    error = caught.value
    assert (error.where or "").startswith(f"{file}{where}")
    assert CANARY not in f"{error} {error.fix} {error.__cause__}"
    assert error.__suppress_context__ or error.__context__ is None


@pytest.mark.parametrize("name", ["", "a b", "../x", "a=b", "ü"])
def test_a_name_that_cannot_be_one_is_refused(file: Path, clock: ManualClock, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a secret"):
        LocalSecrets(file, {}, clock).get(name)
