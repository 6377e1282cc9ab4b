"""The Terraform modules: written well, checked by Terraform and checkov, and applied for real."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import terraform_docs
from support import infra, terraform
from support import ministack as ministack_server
from support.emulators import REGION, Emulator
from support.requirements import ROOT, require

pytestmark = [pytest.mark.xdist_group("terraform"), pytest.mark.timeout(1500)]

FILES = sorted(p for p in terraform.SOURCE.rglob("*.tf") if ".terraform" not in p.parts)
MODULES = sorted({p.parent for p in FILES if p.parent.parent.name == "modules"})
SKIP = re.compile(r"#checkov:skip=(\w+)(?::(.*))?")

EVERYTHING = {
    "delivery_account_ids": ["111122223333"],
    "organisation_id": "o-a1b2c3d4e5",
    "log_sources": {"cloudtrail": {"scope": "account"}},
    "forwarders": {"444455556666": {"external_id": "a-long-external-id"}},
    "ingest": {"notify": "eventbridge"},
    "audit": {"trail": True},
    "replication": {"region": "eu-west-1"},
    "backup": {"enabled": True},
    "monitoring": {"emails": ["security@example.com"], "budget": 100},
    "functions": {"api": {"provisioned_concurrency": 1}},
}
"""What is off by default, as far as ministack knows it: it has no GuardDuty, and the network has a
test of its own."""

UNTAGGED = {"module.audit[0].aws_cloudtrail.this[0]", "module.delivery.aws_cloudtrail.this[0]"}
"""ministack 1.5 forgets the tags that a trail is made with; a second apply adds them."""

BASE = {
    "force_destroy": True,
    "deletion_protection": False,
    "secret_recovery_days": 0,
    "slack_webhook_url": "https://hooks.example/services/1",
    "pagerduty_api_key": "R" * 32,
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository's infrastructure, in which Terraform may leave its files."""
    require("terraform")
    root = tmp_path_factory.mktemp("tree")
    (root / "src").mkdir()
    terraform.copy_module(root / "aws" / "terraform")
    shutil.copy(ROOT / "aws" / "catalog.json", root / "aws")
    return root / "aws" / "terraform"


def test_it_is_formatted() -> None:
    require("terraform")
    terraform.run(terraform.SOURCE, "fmt", "-check", "-recursive", "-diff")


@pytest.mark.parametrize(
    "folder", [".", "bootstrap", "examples/complete", "examples/member-account"]
)
def test_it_is_valid(tree: Path, folder: str) -> None:
    terraform.init(tree / folder)
    terraform.run(tree / folder, "validate")


def test_every_example_and_every_module_is_validated() -> None:
    # What the four roots above do not use would be validated by nobody.
    used = {
        (path.parent / source).resolve()
        for path in FILES
        for source in re.findall(r'^\s+source += "(\.[^"]*)"', path.read_text("utf-8"), re.M)
    }
    assert set(MODULES) <= used
    examples = {path.name for path in (terraform.SOURCE / "examples").iterdir()}
    assert examples == {"complete", "member-account"}


def test_its_own_tests_pass(tree: Path) -> None:
    terraform.init(tree)
    said = terraform.run(tree, "test").stdout
    assert re.search(r"Success! \d\d passed, 0 failed", said), said


def test_checkov_finds_nothing() -> None:
    words = ["--framework", "terraform", "--compact", "--quiet"]
    done = infra.run("checkov", "-d", str(terraform.SOURCE), *words)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_every_exception_gives_its_reason() -> None:
    for path in FILES:
        for check, reason in SKIP.findall(path.read_text(encoding="utf-8")):
            told = re.fullmatch(r"see (\w+)", reason)
            elsewhere = bool(told) and re.search(
                rf"skip={told[1]}:(?!see)", path.read_text("utf-8")
            )
            assert elsewhere or len(reason) > 30, f"{path}: {check} is skipped without a reason"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(terraform.SOURCE).as_posix())
def test_every_variable_and_output_is_described(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for kind, name, body in re.findall(
        r'^(variable|output) "(\w+)" \{\n(.*?)^\}', text, re.M | re.S
    ):
        assert "\n  description = " in f"\n{body}", f"{kind} {name}"
        assert kind == "output" or "\n  type " in f"\n{body}", f"variable {name} has no type"


def test_no_policy_is_written_as_text() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r'"?Statement"?\s*[=:]|<<', text), path
        for line in re.findall(r"^\s+(?:assume_role_)?policy\s+= (.*)$", text, re.M):
            assert re.match(
                r"data\.aws_iam_policy_document\.|var\.policy$|local\.policies\[", line
            ), line


def test_an_undescribed_variable_is_an_error_of_the_reference() -> None:
    (block,) = terraform_docs.read_blocks('variable "x" {\n  type = string\n}\n')
    with pytest.raises(ValueError, match="x has no description"):
        _ = block.description


def test_a_block_that_the_reference_cannot_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="terraform fmt"):
        list(terraform_docs.read_blocks('variable "x" { type = string }\n'))
    with pytest.raises(ValueError, match="error_message"):
        body = "  validation {\n    error_message = local.text\n  }\n"
        list(terraform_docs.read_blocks('variable "x" {\n' + body + "}\n"))


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, Emulator]]:
    """A ministack of one's own, since a whole account is deployed, and moto for its gaps."""
    require("terraform")
    require("ministack")
    require("moto")
    root = tmp_path_factory.mktemp("clouds")
    from support import moto_server

    with ministack_server.running(root) as emulator, moto_server.running(root) as gaps:
        yield emulator, gaps


@pytest.mark.parametrize(
    ("variables", "least"), [({}, 240), (EVERYTHING, 275)], ids=["defaults", "everything"]
)
def test_it_applies_plans_clean_and_goes(
    variables: dict[str, Any], least: int, clouds: tuple[Emulator, Emulator], tmp_path: Path
) -> None:
    emulator, gaps = clouds

    def attempt(name: str) -> None:
        folder = tmp_path / name
        if name == "first":
            _applies_plans_clean_and_goes(folder, variables, least, emulator, gaps)
        else:
            with ministack_server.running(folder / "cloud") as another:
                _applies_plans_clean_and_goes(folder, variables, least, another, gaps)

    terraform.answered(attempt)


def _applies_plans_clean_and_goes(
    folder: Path, variables: dict[str, Any], least: int, emulator: Emulator, gaps: Emulator
) -> None:
    settings = BASE | variables | terraform.tiny_artefacts(folder / "artefacts")
    filled = dict.fromkeys(terraform.MINISTACK_GAPS, gaps)
    deployed = terraform.deployment(folder / "root", emulator, settings, **filled)
    try:
        deployed.apply()
        assert len(deployed.resources()) >= least
        if changed := set(re.findall(r"^  # (\S+) will be", deployed.drift(), re.M)):
            assert changed <= UNTAGGED
            deployed.apply()
        assert not deployed.drift()
        _look_at(deployed.outputs(), emulator)
    finally:
        deployed.destroy()
    assert deployed.resources() == []
    assert emulator.client("s3").list_buckets()["Buckets"] == []


def test_an_attempt_is_made_once_more_where_an_answer_was_lost() -> None:
    made: list[str] = []

    def attempt(name: str) -> str:
        made.append(name)
        if len(made) == 1:
            raise terraform.AnswerLost("already exists")
        return name

    assert terraform.answered(attempt) == "second"
    made.clear()
    with pytest.raises(terraform.TerraformFailed, match="no other reason"):
        terraform.answered(lambda name: _fail(f"{made.append(name)} no other reason"))
    assert made == ["first"]


def _fail(said: str) -> None:
    raise terraform.TerraformFailed(said)


def _look_at(outputs: dict[str, Any], emulator: Emulator) -> None:
    """See in the emulator, not in Terraform's word, what matters most."""
    s3, glue = emulator.client("s3"), emulator.client("glue")
    for purpose in ("raw", "lake", "results"):
        bucket = outputs["buckets"][purpose]
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        used = rules["Rules"][0]["ApplyServerSideEncryptionByDefault"]
        assert used["SSEAlgorithm"] == "aws:kms", purpose
    toml = s3.get_object(Bucket=outputs["buckets"]["lake"], Key="config/mantissa.toml")["Body"]
    assert 'secret = "slack-webhook"' in toml.read().decode()
    catalog = json.loads((ROOT / "aws" / "catalog.json").read_text(encoding="utf-8"))
    tables = glue.get_tables(DatabaseName=outputs["database"])["TableList"]
    assert {t["Name"] for t in tables} == catalog["tables"].keys() | catalog["views"].keys()
    view = next(t for t in tables if t["Name"] == "authentication")["ViewOriginalText"]
    said = json.loads(base64.b64decode(re.fullmatch(r"/\* Presto View: (.*) \*/", view)[1]))  # type: ignore[index]
    assert said["schema"] == outputs["database"]
    roles = emulator.client("iam").list_roles()["Roles"]
    assert {r["RoleName"] for r in roles} >= {f"mantissa-dev-{f}" for f in outputs["function_arns"]}


def test_the_network_applies_and_goes(clouds: tuple[Emulator, Emulator], tmp_path: Path) -> None:
    # No second plan, and no look before it goes: neither emulator tells of a rule to a prefix list
    # what it was told, and the provider takes ministack's answer for an error of its own.
    emulator, _ = clouds
    emulator.client("s3").create_bucket(Bucket="flow-logs")
    context = {"name": "net", "account_id": "0" * 12, "partition": "aws", "region": REGION}
    variables = {
        "context": {**context, "bucket_arns": {}},
        "cidr": "10.90.0.0/24",
        "services": ["athena", "sqs"],
        "flow_log_bucket_arn": "arn:aws:s3:::flow-logs",
    }
    folder = terraform.copy_module(tmp_path / "network", terraform.SOURCE / "modules" / "network")
    network = terraform.deployment_of(folder, emulator, variables, aliases=())
    (folder / "provider.tf").write_text(terraform.provider(), encoding="utf-8")
    try:
        network.apply()
        assert not emulator.client("ec2").describe_internet_gateways(
            Filters=[{"Name": "attachment.vpc-id", "Values": [network.outputs()["vpc_id"]]}]
        )["InternetGateways"]
    finally:
        network.destroy("-refresh=false")
        emulator.client("s3").delete_bucket(Bucket="flow-logs")


def test_the_bucket_of_the_state_applies_plans_clean_and_goes(
    clouds: tuple[Emulator, Emulator], tmp_path: Path
) -> None:
    emulator, _ = clouds
    terraform.copy_module(tmp_path / "root")
    bootstrap = terraform.deployment_of(
        tmp_path / "root" / "bootstrap", emulator, {"force_destroy": True}, aliases=("",)
    )
    try:
        bootstrap.apply()
        assert not bootstrap.drift()
        assert bootstrap.outputs()["state_bucket"].startswith("mantissa-tfstate-")
    finally:
        bootstrap.destroy()
