"""The common columns follow the alternatives in order."""

from __future__ import annotations

from typing import Any

import pytest

from mantissa.sources.spec import load_spec
from support.sources import SHOP, builtin, row, shop

GOOD: dict[str, Any] = {"what": "sold", "when": "2026-03-04T12:00:00Z"}


@pytest.mark.parametrize(
    ("fields", "column", "value"),
    [
        ({}, "event_class", "other"),
        ({"what": "SignIn"}, "event_class", "authentication"),
        ({}, "activity", "sold"),
        ({}, "outcome", "unknown"),
        ({"ok": True}, "outcome", "success"),
        ({"ok": False}, "outcome", "failure"),
        ({"ok": True, "error": "no"}, "outcome", "failure"),
        ({"who": {"name": "anna", "arn": "x:user/bert"}}, "actor_user", "anna"),
        ({"who": {"arn": "x:user/staff/bert"}}, "actor_user", "bert"),
        ({"who": {"arn": "x:role/bert"}}, "actor_user", None),
        ({"address": "2001:db8::1"}, "src_ip", "2001:db8::1"),
        ({"address": "AWS Internal"}, "src_ip", None),
        ({"address": "fe80::1%eth0"}, "src_ip", None),
        ({"port": 443}, "src_port", 443),
        ({}, "dst_port", None),
    ],
)
def test_alternatives(fields: dict[str, Any], column: str, value: Any) -> None:
    assert row(shop(), {**GOOD, **fields})[column] == value


def test_a_condition_limits_an_alternative() -> None:
    text = SHOP.replace(
        "  activity: [what]",
        "  activity:\n    - {path: error, when: {what: ['sale?', gone], ok: 'false'}}\n    - what",
    )
    spec = load_spec(text, "x")
    wrong = {**GOOD, "error": "E1", "ok": False}
    assert row(spec, {**wrong, "what": "sale1"})["activity"] == "E1"
    assert row(spec, {**wrong, "what": "GONE"})["activity"] == "E1"
    assert row(spec, {**wrong, "what": "sales10"})["activity"] == "sales10"
    assert row(spec, {**wrong, "what": "gone", "ok": True})["activity"] == "gone"


def test_globs_take_brackets_as_they_are() -> None:
    spec = load_spec(SHOP.replace("'sign*'", "'[bot]*'"), "x")
    assert row(spec, {**GOOD, "what": "[bot] in"})["event_class"] == "authentication"
    assert row(spec, {**GOOD, "what": "b in"})["event_class"] == "other"


CLOUDTRAIL = {
    "eventTime": "2026-03-04T12:00:00Z",
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser",
}


@pytest.mark.parametrize(
    ("identity", "user"),
    [
        ({"type": "IAMUser", "userName": "anna", "arn": "arn:aws:iam::1:user/x/anna"}, "anna"),
        ({"type": "IAMUser", "arn": "arn:aws:iam::1:user/x/bert"}, "bert"),
        (
            {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/deploy/run-7"},
            "deploy/run-7",
        ),
        ({"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/carl"}, "carl"),
        ({"type": "Root", "arn": "arn:aws:iam::1:root"}, "root"),
        ({"type": "Root", "accountId": "1"}, "root"),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "ec2.amazonaws.com"),
        ({"type": "AWSAccount", "accountId": "1"}, None),
    ],
)
def test_cloudtrail_names_who_acted(identity: dict[str, str], user: str | None) -> None:
    assert row(builtin("aws_cloudtrail"), {**CLOUDTRAIL, "userIdentity": identity})[
        "actor_user"
    ] == (user)


def test_cloudtrail_keeps_service_names_out_of_addresses() -> None:
    found = row(builtin("aws_cloudtrail"), {**CLOUDTRAIL, "sourceIPAddress": "AWS Internal"})
    assert (found["src_ip"], found["sourceipaddress"]) == (None, "AWS Internal")
