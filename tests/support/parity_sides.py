"""The two sides of the comparison as lists of resources, with names for what AWS makes up.

An id that AWS chose (a key's, an API's, a pool's) is replaced by a name that both sides can give:
`<key alias/mantissa-dev-raw>` for what Terraform got as a UUID and the template calls `RawKey`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from support import parity
from support.cloudformation import Resource, Stack
from support.parity import Item, Side
from support.parity_forms import Values
from support.parity_kinds import KINDS


def terraform_side(shown: Mapping[str, Any]) -> Side:
    """Return the facts of `terraform show -json`."""
    items = parity.terraform_items(shown)
    return parity.side(_together(parity.rename(items, terraform_names(items))), KINDS, 0)


def stack_side(stack: Stack) -> Side:
    """Return the facts of a template with its parameters."""
    items = stack_items(stack)
    return parity.side(parity.rename(items, stack_names(items)), KINDS, 1)


def stack_items(stack: Stack) -> list[Item]:
    """List a stack's resources, each as the several that Terraform makes of it."""
    return [item for resource in stack.resources() for item in _taken_apart(stack, resource)]


# ---- Terraform


def _together(items: Iterable[Item]) -> list[Item]:
    """Put the inline policies of each role together, for their grouping means nothing."""
    rights: dict[str, list[Any]] = {}
    managed: dict[str, list[str]] = {}
    found = []
    for item in items:
        values = item.values
        if item.type == "aws_iam_role_policy":
            rights.setdefault(values["role"], []).append(json.loads(values["policy"]))
        elif item.type == "aws_iam_role_policy_attachment":
            managed.setdefault(values["role"], []).append(values["policy_arn"])
        elif item.type == "aws_iam_role":
            own = {name: value for name, value in values.items() if name != "managed_policy_arns"}
            found.append(Item(item.type, item.address, own))
        else:
            found.append(item)
    for item in found:
        if item.type == "aws_iam_role" and item.values["name"] in managed:
            assert isinstance(item.values, dict)
            item.values["managed_policy_arns"] = managed[item.values["name"]]
    return found + [_rights("aws_iam_role_policy", role, all_) for role, all_ in rights.items()]


def _rights(type_: str, role: str, documents: Iterable[Values]) -> Item:
    statements = [statement for document in documents for statement in document["Statement"]]
    return Item(type_, f"rights of {role}", {"role": role, "policy": {"Statement": statements}})


# Type → attribute that AWS makes up → name in terms of what was asked for.
_TERRAFORM = {
    "aws_api_gateway_rest_api": (("root_resource_id", "<route />"), ("id", "<api {name}>")),
    "aws_api_gateway_authorizer": (("id", "<authorizer {name}>"),),
    "aws_api_gateway_resource": (("id", "<route {path}>"),),
    "aws_cloudfront_distribution": (
        ("domain_name", "<distribution {comment}>.domain"),
        ("id", "<distribution {comment}>"),
    ),
    "aws_cloudfront_function": (("arn", "<cloudfront function {name}>"),),
    "aws_cloudfront_origin_access_control": (("id", "<access {name}>"),),
    "aws_cloudfront_response_headers_policy": (("id", "<headers {name}>"),),
    "aws_cognito_user_pool": (("id", "<pool {name}>"),),
    "aws_cognito_user_pool_client": (("id", "<client {name}>"),),
    "aws_kms_alias": (("target_key_id", "<key {name}>"),),
    "aws_route_table": (("id", "<routes>"),),
    "aws_security_group": (("id", "<group {name}>"),),
    "aws_subnet": (("id", "<subnet {cidr_block}>"),),
    "aws_vpc": (("id", "<vpc>"),),
    "aws_vpc_endpoint": (("prefix_list_id", "<prefix list {service_name}>"),),
    "aws_wafv2_web_acl": (("arn", "<firewall {name}>"),),
}
_STACK = {
    "AWS::ApiGateway::RestApi": ((".root", "<route />"), ("", "<api {Name}>")),
    "AWS::ApiGateway::Authorizer": (("", "<authorizer {Name}>"),),
    "AWS::ApiGateway::Resource": (("", "<route {path}>"),),
    "AWS::CloudFront::Distribution": (
        (".DomainName", "<distribution {DistributionConfig[Comment]}>.domain"),
        ("", "<distribution {DistributionConfig[Comment]}>"),
    ),
    "AWS::CloudFront::Function": ((".FunctionARN", "<cloudfront function {Name}>"),),
    "AWS::CloudFront::OriginAccessControl": (
        (".Id", "<access {OriginAccessControlConfig[Name]}>"),
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": (
        ("", "<headers {ResponseHeadersPolicyConfig[Name]}>"),
    ),
    "AWS::Cognito::UserPool": (("", "<pool {UserPoolName}>"),),
    "AWS::Cognito::UserPoolClient": (("", "<client {ClientName}>"),),
    "AWS::EC2::RouteTable": (("", "<routes>"),),
    "AWS::EC2::SecurityGroup": ((".GroupId", "<group {GroupName}>"), ("", "<group {GroupName}>")),
    "AWS::EC2::Subnet": (("", "<subnet {CidrBlock}>"),),
    "AWS::EC2::VPC": (("", "<vpc>"),),
    "AWS::WAFv2::WebACL": ((".Arn", "<firewall {Name}>"),),
}


def terraform_names(items: Iterable[Item]) -> dict[str, str]:
    """Return what an emulator made up → its name."""
    names: dict[str, str] = {}
    for item in items:
        values = item.values
        for attribute, name in _TERRAFORM.get(item.type, ()):
            if values.get(attribute):
                names[values[attribute]] = name.format(**values)
        if item.type == "aws_sqs_queue" and values.get("url"):
            _, _, _, region, account, _ = values["arn"].split(":")
            host = values["url"].partition(f"/{account}/")[0]
            names[host] = f"https://sqs.{region}.amazonaws.com"
    return names


def stack_names(items: Iterable[Item]) -> dict[str, str]:
    """Return `<LogicalId>` and `<LogicalId.Attribute>` → the name of the same thing."""
    names: dict[str, str] = {}
    listed = list(items)
    parts = {
        f"<{item.address}>": (item.values["ParentId"], item.values["PathPart"])
        for item in listed
        if item.type == "AWS::ApiGateway::Resource"
    }

    def path(resource: str) -> str:
        if resource not in parts:
            return ""
        parent, part = parts[resource]
        return f"{path(parent)}/{part}"

    for item in listed:
        if item.type == "AWS::KMS::Alias":
            names[item.values["TargetKeyId"]] = f"<key {item.values['AliasName']}>"
        for attribute, name in _STACK.get(item.type, ()):
            made_up = f"<{item.address}{attribute}>"
            if attribute == ".root":
                made_up = f"<{item.address}>.root"
            names[made_up] = name.format(path=path(f"<{item.address}>"), **item.values)
    return names


# ---- CloudFormation


def _taken_apart(stack: Stack, resource: Resource) -> list[Item]:
    """Return a resource as the several that Terraform makes of it."""
    values = dict(resource.properties)
    items = []
    if resource.type == "AWS::Lambda::Version":
        # Terraform's function publishes its versions itself (`publish`).
        return []
    if resource.type == "AWS::IAM::Role" and (policies := values.pop("Policies", None)):
        documents = [policy["PolicyDocument"] for policy in policies]
        items.append(_rights("AWS::IAM::Role Policies", values["RoleName"], documents))
    if resource.type == "AWS::KMS::Key":
        values["KeyId"] = f"<{resource.name}>"
    if resource.type == "AWS::SecretsManager::Secret":
        values["Id"] = stack.ref(resource.name)
    if resource.type == "AWS::EC2::SecurityGroup":
        group = f"<{resource.name}>"
        for number, rule in enumerate(values["SecurityGroupEgress"]):
            address = f"{resource.name} {number}"
            items.append(Item("egress rule", address, _group_rule(group, "Destination", rule)))
    if resource.type == "AWS::EC2::SecurityGroupIngress":
        rule = _group_rule(values["GroupId"], "Source", values)
        return [Item("ingress rule", resource.name, rule)]
    return [*items, Item(resource.type, resource.name, values)]


def _group_rule(group: str, other: str, rule: Values) -> Values:
    """Spell a rule of a security group as Terraform spells a rule of its own."""
    found = {
        "security_group_id": group,
        "description": rule["Description"],
        "IpProtocol": rule["IpProtocol"],
        "FromPort": rule.get("FromPort"),
        "ToPort": rule.get("ToPort"),
        "Description": rule["Description"],
        "PrefixListId": rule.get(f"{other}PrefixListId"),
        "ReferencedSecurityGroupId": rule.get(f"{other}SecurityGroupId"),
        "CidrIpv4": rule.get("CidrIp"),
    }
    return {name: value for name, value in found.items() if value is not None}
