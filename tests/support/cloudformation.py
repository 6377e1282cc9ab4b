"""A CloudFormation template read as CloudFormation would: parameters, conditions, intrinsics.

What AWS would make up (an id, a random suffix) becomes `<LogicalId>`, so two readings are equal.
An intrinsic or attribute that this page does not know is an error, never an empty value.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Properties = Mapping[str, Any]
_NOTHING = object()
_LONG = {"Ref": "Ref", "Condition": "Condition"}


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags."""


def _short(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    key = _LONG.get(suffix, f"Fn::{suffix}")
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {key: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {key: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {key: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short)
# A date stays the text that it is in the file.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str) -> dict[str, Any]:
    """Parse a template, with long forms in place of short tags."""
    loaded: dict[str, Any] = yaml.load(text, Loader=_Loader)
    return loaded


def read(path: Path) -> dict[str, Any]:
    """Parse a template's file."""
    return load(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Resource:
    """One resource that the stack makes, with its properties resolved."""

    name: str
    type: str
    properties: dict[str, Any]


@dataclass
class Stack:
    """A template with values for its parameters.

    Args:
        parameters: name → value, for those without a default or with another one.
    """

    template: Mapping[str, Any]
    parameters: Mapping[str, Any]
    account: str = "000000000000"
    region: str = "us-east-1"
    stack: str = "mantissa"
    _values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take the defaults, refuse a parameter that is missing or unknown."""
        declared = self.template.get("Parameters", {})
        unknown = set(self.parameters) - set(declared)
        assert not unknown, unknown
        for name, body in declared.items():
            value = self.parameters.get(name, body.get("Default", _NOTHING))
            assert value is not _NOTHING, f"no value for {name}"
            if body["Type"] == "CommaDelimitedList" and isinstance(value, str):
                value = [part.strip() for part in value.split(",")]
            self._values[name] = value if isinstance(value, list) else _text(value)
        self._values |= {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.stack,
            "AWS::StackId": "<StackId>",
            "AWS::NoValue": _NOTHING,
        }

    def holds(self, condition: str) -> bool:
        """Say whether a condition is true."""
        return bool(self.resolve(self.template["Conditions"][condition]))

    def resources(self) -> list[Resource]:
        """List what the stack makes: conditions applied, properties resolved."""
        return [self.resource(name) for name in self.template["Resources"] if self.makes(name)]

    def makes(self, name: str) -> bool:
        """Say whether a resource's condition is true."""
        body = self.template["Resources"][name]
        return "Condition" not in body or self.holds(body["Condition"])

    def resource(self, name: str) -> Resource:
        """Return one resource with its properties resolved."""
        body = self.template["Resources"][name]
        return Resource(name, body["Type"], self.resolve(body.get("Properties", {})))

    def outputs(self) -> dict[str, Any]:
        """Return the outputs whose condition is true."""
        return {
            name: self.resolve(body["Value"])
            for name, body in self.template.get("Outputs", {}).items()
            if "Condition" not in body or self.holds(body["Condition"])
        }

    def resolve(self, value: Any) -> Any:
        """Replace every intrinsic in a value by what it stands for."""
        if isinstance(value, list):
            found = [self.resolve(item) for item in value]
            return [item for item in found if item is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, given),) = value.items()
            # `Condition` is a key of policy statements too; only a name makes it an intrinsic.
            if key in _INTRINSICS and (key != "Condition" or isinstance(given, str)):
                return _INTRINSICS[key](self, given)
            assert not key.startswith("Fn::"), key
        found_pairs = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in found_pairs.items() if item is not _NOTHING}

    def ref(self, name: str) -> Any:
        """Return what `Ref` gives."""
        if name in self._values:
            return self._values[name]
        return self._attribute(name, "Ref")

    def _attribute(self, name: str, attribute: str) -> Any:
        assert self.makes(name), f"{name} is referred to but not made"
        body = self.template["Resources"][name]
        shapes = _SHAPES.get(body["Type"], {})
        if attribute not in shapes:
            if attribute in _MADE_UP.get(body["Type"], ()):
                return f"<{name}.{attribute}>" if attribute != "Ref" else f"<{name}>"
            raise KeyError(f"{name}.{attribute} of {body['Type']}")
        own = {"id": f"<{name}>", "account": self.account, "region": self.region}

        def part(match: re.Match[str]) -> str:
            if match[1] in own:
                return own[match[1]]
            value = body["Properties"]
            for key in match[1].split("."):
                value = value[key]
            return _text(self.resolve(value))

        return re.sub(r"\{([\w.]+)\}", part, shapes[attribute])

    def _get_att(self, given: Any) -> Any:
        name, attribute = given if isinstance(given, list) else given.split(".", 1)
        return self._attribute(name, self.resolve(attribute))

    def _sub(self, given: Any) -> str:
        text, own = (given, {}) if isinstance(given, str) else (given[0], self.resolve(given[1]))

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in own:
                return _text(own[name])
            if name in self._values or "." not in name:
                return _text(self.ref(name))
            return _text(self._get_att(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def _if(self, given: list[Any]) -> Any:
        return self.resolve(given[1] if self.holds(given[0]) else given[2])

    def _find(self, given: list[Any]) -> Any:
        top, first, second = self.resolve(given)
        return self.template["Mappings"][top][first][second]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _join(stack: Stack, given: list[Any]) -> str:
    return str(given[0]).join(_text(part) for part in stack.resolve(given[1]))


def _select(stack: Stack, given: list[Any]) -> Any:
    return stack.resolve(given[1])[int(stack.resolve(given[0]))]


def _split(stack: Stack, given: list[Any]) -> list[str]:
    return str(stack.resolve(given[1])).split(given[0])


def _equals(stack: Stack, given: list[Any]) -> bool:
    first, second = stack.resolve(given)
    return _text(first) == _text(second)


def _cidr(stack: Stack, given: list[Any]) -> list[str]:
    block, count, host_bits = stack.resolve(given)
    subnets = ipaddress.ip_network(block).subnets(new_prefix=32 - int(host_bits))
    return [str(subnet) for subnet in subnets][: int(count)]


_INTRINSICS: Mapping[str, Callable[[Stack, Any], Any]] = {
    "Ref": lambda stack, given: stack.ref(given),
    "Fn::GetAtt": lambda stack, given: stack._get_att(given),
    "Fn::Sub": lambda stack, given: stack._sub(given),
    "Fn::If": lambda stack, given: stack._if(given),
    "Fn::FindInMap": lambda stack, given: stack._find(given),
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Base64": lambda stack, given: base64.b64encode(stack.resolve(given).encode()).decode(),
    "Fn::Equals": _equals,
    "Fn::Cidr": _cidr,
    "Fn::GetAZs": lambda stack, given: [
        f"{stack.resolve(given) or stack.region}{z}" for z in "abc"
    ],
    "Fn::Not": lambda stack, given: not stack.resolve(given[0]),
    "Fn::And": lambda stack, given: all(stack.resolve(given)),
    "Fn::Or": lambda stack, given: any(stack.resolve(given)),
    "Condition": lambda stack, given: stack.holds(given),
}


def _arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{{region}}:{{account}}:{rest}"


_SHAPES: Mapping[str, Mapping[str, str]] = {
    "AWS::ApiGateway::RestApi": {"Ref": "{id}", "RootResourceId": "{id}.root"},
    "AWS::ApiGateway::Stage": {"Ref": "{StageName}"},
    "AWS::Athena::WorkGroup": {"Ref": "{Name}"},
    "AWS::Backup::BackupVault": {"Ref": "{BackupVaultName}"},
    "AWS::CloudWatch::Dashboard": {"Ref": "{DashboardName}"},
    "AWS::Cognito::UserPool": {
        "Ref": "{id}",
        "UserPoolId": "{id}",
        "Arn": _arn("cognito-idp", "userpool/{id}"),
        "ProviderURL": "https://cognito-idp.{region}.amazonaws.com/{id}",
    },
    "AWS::DynamoDB::Table": {"Ref": "{TableName}", "Arn": _arn("dynamodb", "table/{TableName}")},
    "AWS::Glue::Database": {"Ref": "{DatabaseInput.Name}"},
    "AWS::IAM::Role": {"Ref": "{RoleName}", "Arn": "arn:aws:iam::{account}:role/{RoleName}"},
    "AWS::KMS::Key": {"Ref": "{id}", "Arn": _arn("kms", "key/{id}"), "KeyId": "{id}"},
    "AWS::Lambda::Alias": {"Ref": _arn("lambda", "function:{FunctionName}:{Name}")},
    "AWS::Lambda::Function": {
        "Ref": "{FunctionName}",
        "Arn": _arn("lambda", "function:{FunctionName}"),
    },
    "AWS::Lambda::Version": {"Version": "1", "Ref": "{id}"},
    "AWS::Logs::LogGroup": {
        "Ref": "{LogGroupName}",
        "Arn": _arn("logs", "log-group:{LogGroupName}:*"),
    },
    "AWS::S3::Bucket": {
        "Ref": "{BucketName}",
        "Arn": "arn:aws:s3:::{BucketName}",
        "DomainName": "{BucketName}.s3.amazonaws.com",
        "RegionalDomainName": "{BucketName}.s3.{region}.amazonaws.com",
    },
    "AWS::Scheduler::ScheduleGroup": {"Ref": "{Name}"},
    "AWS::SNS::Topic": {"Ref": _arn("sns", "{TopicName}"), "TopicName": "{TopicName}"},
    "AWS::SQS::Queue": {
        "Ref": "https://sqs.{region}.amazonaws.com/{account}/{QueueName}",
        "Arn": _arn("sqs", "{QueueName}"),
        "QueueName": "{QueueName}",
    },
    "AWS::SecretsManager::Secret": {"Ref": _arn("secretsmanager", "secret:{Name}-<random>")},
}
"""Type → attribute → how AWS builds it from the resource's own properties."""

_MADE_UP: Mapping[str, tuple[str, ...]] = {
    "AWS::ApiGateway::Authorizer": ("Ref",),
    "AWS::ApiGateway::Deployment": ("Ref",),
    "AWS::ApiGateway::Model": ("Ref",),
    "AWS::ApiGateway::RequestValidator": ("Ref",),
    "AWS::ApiGateway::Resource": ("Ref",),
    "AWS::Backup::BackupPlan": ("Ref",),
    "AWS::CloudFront::Distribution": ("Ref", "DomainName"),
    "AWS::CloudFront::Function": ("Ref", "FunctionARN"),
    "AWS::CloudFront::OriginAccessControl": ("Ref", "Id"),
    "AWS::CloudFront::ResponseHeadersPolicy": ("Ref",),
    "AWS::CloudTrail::Trail": ("Ref", "Arn"),
    "AWS::Cognito::UserPoolClient": ("Ref",),
    "AWS::Cognito::UserPoolDomain": ("Ref",),
    "AWS::EC2::RouteTable": ("Ref",),
    "AWS::EC2::SecurityGroup": ("Ref", "GroupId"),
    "AWS::EC2::Subnet": ("Ref",),
    "AWS::EC2::VPC": ("Ref", "CidrBlock", "VpcId"),
    "AWS::EC2::VPCEndpoint": ("Ref",),
    "AWS::GuardDuty::Detector": ("Ref",),
    "AWS::WAFv2::WebACL": ("Ref", "Arn"),
}
"""Type → attributes that only AWS can know."""
