"""The CloudFormation template: well-formed, checked by two linters, and current."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import aws_catalog
import cloudformation_catalog as catalog_tool
from support import cloudformation, infra
from support.parity_variants import VARIANTS
from support.requirements import ROOT

PLACE = ROOT / catalog_tool.TEMPLATE
TEXT = PLACE.read_text(encoding="utf-8")
TEMPLATE = cloudformation.load(TEXT)
# What AWS takes: quotas of CloudFormation (user guide, "Understand CloudFormation quotas").
MOST_BYTES, MOST_RESOURCES, MOST_PARAMETERS, MOST_OUTPUTS = 1_000_000, 500, 200, 200


def test_tables_and_views_are_those_of_the_catalogue() -> None:
    catalog = aws_catalog.catalog()
    assert catalog_tool.current() == TEXT, "run `make docs`"
    names = {r["Properties"]["TableInput"]["Name"] for r in of_type("AWS::Glue::Table").values()}
    assert names == catalog["tables"].keys() | catalog["views"].keys()


def test_a_stale_table_is_found() -> None:
    catalog = aws_catalog.catalog()
    catalog["tables"]["okta"]["columns"][0]["type"] = "bigint"
    assert catalog_tool.filled(TEXT, catalog) != TEXT


def test_a_view_with_a_placeholder_of_its_own_is_refused() -> None:
    catalog = aws_catalog.catalog()
    catalog["views"]["authentication"]["definition"] += "${other}"
    with pytest.raises(ValueError, match="authentication"):
        catalog_tool.filled(TEXT, catalog)


def test_it_is_within_what_cloudformation_takes() -> None:
    assert len(TEXT.encode()) <= MOST_BYTES
    assert len(TEMPLATE["Resources"]) <= MOST_RESOURCES
    assert len(TEMPLATE["Parameters"]) <= MOST_PARAMETERS
    assert len(TEMPLATE["Outputs"]) <= MOST_OUTPUTS


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_reference_leads_to_something_that_is_made(variant: str) -> None:
    stack = cloudformation.Stack(TEMPLATE, VARIANTS[variant].parameters)
    made = stack.resources()
    assert len(made) > 100
    assert stack.outputs()
    names = [r.properties["RoleName"] for r in made if r.type == "AWS::IAM::Role"]
    assert len(names) == len(set(names))


def test_a_reference_to_what_is_not_made_is_found() -> None:
    template = cloudformation.load(
        "Conditions: {Never: !Equals [a, b]}\n"
        "Resources:\n"
        "  A: {Type: AWS::SNS::Topic, Condition: Never, Properties: {TopicName: a}}\n"
        "  B: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref A}}\n"
    )
    with pytest.raises(AssertionError, match="A is referred to but not made"):
        cloudformation.Stack(template, {}).resources()


def test_every_parameter_is_explained_and_grouped_ones_exist() -> None:
    assert [n for n, p in TEMPLATE["Parameters"].items() if not p.get("Description")] == []
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(TEMPLATE["Parameters"])


def test_credentials_are_not_echoed() -> None:
    hidden = {name for name, p in TEMPLATE["Parameters"].items() if p.get("NoEcho")}
    assert hidden == {"SlackWebhookUrl", "PagerdutyApiKey", "LlmApiKey"}
    # An output or a function's environment would show them again.
    shown = json.dumps([TEMPLATE["Outputs"], list(of_type("AWS::Lambda::Function").values())])
    assert [name for name in hidden if name in shown] == []


def test_what_holds_data_outlives_the_stack() -> None:
    kept = ("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::DynamoDB::Table", "AWS::Cognito::UserPool")
    wrong = [
        name
        for type_ in kept
        for name, body in of_type(type_).items()
        if body.get("DeletionPolicy") != "Retain" or body.get("UpdateReplacePolicy") != "Retain"
    ]
    assert wrong == []


def routes_hash(template: Mapping[str, Any]) -> str:
    """Return a hash of everything that a deployment of the API is a snapshot of."""
    routes = {
        name: body.get("Properties")
        for name, body in template["Resources"].items()
        if body["Type"].startswith("AWS::ApiGateway::")
        and body["Type"].rpartition("::")[2] not in ("Account", "Deployment", "Stage")
    }
    return hashlib.sha256(json.dumps(routes, sort_keys=True).encode()).hexdigest()[:8]


def test_a_changed_route_makes_a_new_deployment() -> None:
    (name,) = of_type("AWS::ApiGateway::Deployment")
    assert name == f"ApiDeployment{routes_hash(TEMPLATE)}", "rename the deployment to this"


def test_a_deployment_waits_for_all_routes() -> None:
    (deployment,) = of_type("AWS::ApiGateway::Deployment").values()
    routes = [*of_type("AWS::ApiGateway::Method"), *of_type("AWS::ApiGateway::GatewayResponse")]
    assert sorted(deployment["DependsOn"]) == sorted(routes)


def of_type(type_: str) -> dict[str, Any]:
    return {name: r for name, r in TEMPLATE["Resources"].items() if r["Type"] == type_}


def test_cfn_lint_finds_nothing() -> None:
    done = infra.run("cfn-lint", "--", str(PLACE))
    assert (done.stdout, done.returncode) == ("", 0)


def test_cfn_lint_would_find_a_misspelt_property(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(TEXT.replace("      VisibilityTimeout:", "      VisibilityTimeOut:", 1))
    done = infra.run("cfn-lint", "--", str(broken))
    assert "VisibilityTimeOut" in done.stdout
    assert done.returncode != 0


def checkov(path: Path) -> list[Mapping[str, Any]]:
    done = infra.run(
        "checkov", "--framework", "cloudformation", "--file", str(path), "--output", "json",
        "--quiet", "--compact", "--skip-download",
    )  # fmt: skip
    report: Mapping[str, Any] = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] > 100
    failed: list[Mapping[str, Any]] = report["results"]["failed_checks"]
    return failed


def test_checkov_finds_nothing_that_is_not_explained() -> None:
    failed = checkov(PLACE)
    assert [f"{c['check_id']} {c['resource']}: {c['check_name']}" for c in failed] == []


def test_checkov_would_find_a_bucket_that_is_open(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(TEXT.replace("        BlockPublicAcls: true\n", "", 1))
    assert "CKV_AWS_53" in {check["check_id"] for check in checkov(broken)}


def exceptions(template: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield every exception from a check: resource, check, reason."""
    for name, body in template["Resources"].items():
        for skip in body.get("Metadata", {}).get("checkov", {}).get("skip", ()):
            yield name, skip["id"], skip.get("comment", "")


def test_every_exception_is_explained_where_it_stands() -> None:
    found = list(exceptions(TEMPLATE))
    assert found
    assert [e for e in found if not re.fullmatch(r"CKV2?_AWS_\d+", e[1]) or len(e[2]) < 10] == []
    assert not list(ROOT.glob(".checkov*")) + list(ROOT.glob(".cfnlintrc*"))
