"""`mantissa rules push`, against S3 on moto."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mantissa.adapters.aws.configuration import S3Configuration
from mantissa.adapters.aws.mirror import mirror
from mantissa.adapters.aws.s3 import S3Objects
from mantissa.adapters.aws.session import Clients
from support.aws_stores import LAKE, environ, moto_clients
from support.cli import Shell, rule, write_rule
from support.emulators import REGION
from support.sources import SHOP

RULE_ID = "0c1b1b3e-2f7e-4f0e-9c0a-6a4f3c2d1e00"
BROKEN = {"detection": {"fetch": {"eventName": "GetObject"}, "condition": "nothing of that name"}}


@pytest.fixture
def lake() -> Iterator[S3Configuration]:
    with moto_clients() as clients, environ(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b"):
        clients.s3.create_bucket(Bucket=LAKE)
        with environ(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", AWS_DEFAULT_REGION=REGION):
            yield S3Configuration(clients.s3, LAKE)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path / "home")
    shell("init")
    write_rule(shell.home / "rules", "mine.yml", rule(RULE_ID))
    return shell


def pushed(shell: Shell, *argv: object, code: int = 0) -> Any:
    return shell.json("rules", "push", *argv, "--bucket", LAKE, code=code)


def keys(lake: S3Objects) -> list[str]:
    return [info.key for info in lake.list("")]


def test_rules_sources_and_settings_travel_and_secrets_do_not(
    shell: Shell, lake: S3Configuration
) -> None:
    done = pushed(shell)
    assert done["uploaded"] == ["config/mantissa.toml", "config/rules/mine.yml"]
    assert keys(lake) == done["uploaded"]
    assert lake.get("config/rules/mine.yml") == (shell.home / "rules" / "mine.yml").read_bytes()
    again = pushed(shell)
    assert (again["uploaded"], again["unchanged"]) == ([], 2)


def test_the_functions_copy_is_what_was_pushed(
    shell: Shell, lake: S3Configuration, tmp_path: Path
) -> None:
    pushed(shell)
    assert mirror(lake, tmp_path / "copy")
    assert not mirror(lake, tmp_path / "copy")
    write_rule(shell.home / "rules", "mine.yml", rule(RULE_ID, title="Another title"))
    assert pushed(shell)["changed"] == ["config/rules/mine.yml"]
    assert mirror(lake, tmp_path / "copy")
    copied = (tmp_path / "copy" / "rules" / "mine.yml").read_bytes()
    assert copied == (shell.home / "rules" / "mine.yml").read_bytes()


def test_a_dry_run_writes_nothing(shell: Shell, lake: S3Configuration) -> None:
    told = pushed(shell, "--dry-run")
    assert told["dry_run"]
    assert told["uploaded"] == ["config/mantissa.toml", "config/rules/mine.yml"]
    assert keys(lake) == []


def test_what_was_removed_goes_with_prune_only(shell: Shell, lake: S3Configuration) -> None:
    pushed(shell)
    (shell.home / "rules" / "mine.yml").unlink()
    assert pushed(shell)["stale"] == ["config/rules/mine.yml"]
    assert pushed(shell, "--prune")["deleted"] == ["config/rules/mine.yml"]
    assert keys(lake) == ["config/mantissa.toml"]


def test_a_refused_rule_stops_the_push_and_is_named(shell: Shell, lake: S3Configuration) -> None:
    broken = write_rule(shell.home / "rules", "broken.yml", rule(RULE_ID[:-1] + "1", **BROKEN))
    ran = shell("rules", "push", "--bucket", LAKE, "--json", code=2)
    assert ran.error["code"] == "rule"
    assert str(broken) in ran.error["where"]
    assert str(broken) in ran.err
    assert keys(lake) == []


def test_a_refused_rule_may_be_pushed_on_purpose(shell: Shell, lake: S3Configuration) -> None:
    write_rule(shell.home / "rules", "broken.yml", rule(RULE_ID[:-1] + "1", **BROKEN))
    done = pushed(shell, "--allow-refused", code=3)
    assert [refused["id"] for refused in done["refused"]] == [RULE_ID[:-1] + "1"]
    assert "config/rules/broken.yml" in keys(lake)


def test_another_folder_of_rules_takes_the_place_of_the_homes(
    shell: Shell, lake: S3Configuration, tmp_path: Path
) -> None:
    write_rule(tmp_path / "others" / "deep", "other.yml", rule(RULE_ID))
    (tmp_path / "others" / "README.md").write_text("not a rule")
    done = pushed(shell, tmp_path / "others")
    assert done["uploaded"] == ["config/mantissa.toml", "config/rules/deep/other.yml"]


def test_the_bucket_comes_from_the_settings(shell: Shell, lake: S3Configuration) -> None:
    error = shell("rules", "push", "--json", code=2).error
    assert "lake_bucket" in error["fix"]
    (shell.home / "mantissa.toml").write_text(f'[aws]\nlake_bucket = "{LAKE}"\n')
    assert shell.json("rules", "push")["bucket"] == LAKE


def test_a_folder_outside_the_home_cannot_be_found_again(
    shell: Shell, lake: S3Configuration, tmp_path: Path
) -> None:
    (shell.home / "mantissa.toml").write_text('[detection]\nrules = ["../elsewhere"]\n')
    error = shell("rules", "push", "--bucket", LAKE, "--json", code=2).error
    assert error["where"] == "../elsewhere"
    assert keys(lake) == []


def test_a_bucket_that_is_not_there_is_named(shell: Shell, lake: S3Configuration) -> None:
    error = shell("rules", "push", "--bucket", "absent", "--json", code=None).error
    assert "absent" in error["where"]


def test_people_see_what_would_be_done(shell: Shell, lake: S3Configuration) -> None:
    pushed(shell)
    (shell.home / "rules" / "mine.yml").unlink()
    ran = shell("rules", "push", "--bucket", LAKE, "--dry-run")
    assert "?" in ran.out
    assert "config/rules/mine.yml" in ran.out
    assert f"0 objects would be uploaded to {LAKE}" in ran.out


def test_the_settings_of_the_deployment_are_replaced_on_purpose_only(
    shell: Shell, lake: S3Configuration
) -> None:
    lake.put_if_absent("config/mantissa.toml", b"# as Terraform wrote it")
    done = pushed(shell)
    assert (done["uploaded"], done["kept"]) == (["config/rules/mine.yml"], ["config/mantissa.toml"])
    assert lake.get("config/mantissa.toml") == b"# as Terraform wrote it"
    assert pushed(shell, "--settings")["changed"] == ["config/mantissa.toml"]
    assert lake.get("config/mantissa.toml") == (shell.home / "mantissa.toml").read_bytes()


def test_a_source_of_ones_own_gets_its_table(
    shell: Shell, lake: S3Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shell.home / "sources" / "shop"
    folder.mkdir(parents=True)
    (folder / "source.yaml").write_text(SHOP, encoding="utf-8")
    assert pushed(shell)["tables"] == []
    glue = Clients().glue
    glue.create_database(DatabaseInput={"Name": "a_lake"})
    monkeypatch.setenv("MANTISSA_AWS_DATABASE", "a_lake")
    assert pushed(shell, "--dry-run")["tables"] == []
    assert pushed(shell)["tables"] == ["shop"]
    table = glue.get_table(DatabaseName="a_lake", Name="shop")["Table"]
    assert table["StorageDescriptor"]["Location"] == f"s3://{LAKE}/lake/shop/"
    assert "what" in {column["Name"] for column in table["StorageDescriptor"]["Columns"]}
