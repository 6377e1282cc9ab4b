"""What CloudTrail records of the demo company are made of: who calls, what is called, one record.

Shapes follow the CloudTrail record contents of version 1.11 (AWS CloudTrail user guide, "CloudTrail
record contents" and "userIdentity element"). Accounts and keys are AWS's documentation examples,
addresses come from the blocks of RFC 5737, so nothing here belongs to anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

ACCOUNT = "111122223333"
OUTSIDER = "444455556666"
HOME_REGION = "us-east-1"
SECOND_REGION = "eu-west-1"
CI_KEY = "AKIAIOSFODNN7EXAMPLE"
BACKUP_KEY = "AKIAIBACKUP01EXAMPLE"
BUILD_ADDRESS = "203.0.113.10"

Json = dict[str, Any]
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_GLOBAL_HOSTS = {
    "iam": "iam.amazonaws.com",
    "organizations": "organizations.us-east-1.amazonaws.com",
}
_READS = ("Get", "List", "Describe", "BatchGet", "Lookup", "Decrypt", "GenerateDataKey", "Assume")


class Mint:
    """Makes identifiers from one seeded source of chance, so that a seed gives the same bytes."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)

    def uuid(self) -> str:
        """Return a random UUID of version 4."""
        h = f"{self.chance.getrandbits(128):032x}"
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"

    def hex(self, digits: int) -> str:
        """Return that many random hex digits."""
        return f"{self.chance.getrandbits(4 * digits):0{digits}x}"

    def letters(self, count: int) -> str:
        """Return random capitals and digits as in an access key id."""
        return "".join(self.chance.choices(_ALPHABET, k=count))

    def session_key(self) -> str:
        """Return the id of a temporary key in the form of AWS's examples."""
        return f"ASIA{self.letters(9)}EXAMPLE"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the record's `userIdentity`, where from and with what program."""

    identity: Json
    address: str
    agent: str
    from_console: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """What is called, with parameters and answer as the service logs them.

    Args:
        source: service name without `.amazonaws.com`.
        error: error code and message, when the call fails.
        role_arn: the role that an `AssumeRole` call is about.
    """

    source: str
    name: str
    request: Mapping[str, Any] | None = None
    response: Mapping[str, Any] | None = None
    region: str = HOME_REGION
    error: tuple[str, str] | None = None
    extra: Mapping[str, Any] | None = None
    role_arn: str | None = None


def iam_user(name: str, key: str | None) -> Json:
    """Return the identity of an IAM user; without a key it is a sign-in or a console session."""
    identity = {
        "type": "IAMUser",
        "principalId": f"AIDA{_stable(name)}EXAMPLE",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accountId": ACCOUNT,
        "userName": name,
    }
    return identity if key is None else {**identity, "accessKeyId": key}


def console_user(name: str, key: str, since: datetime) -> Json:
    """Return the identity of an IAM user whose session key came from the console."""
    return {
        **iam_user(name, key),
        "sessionContext": {
            "attributes": {"creationDate": stamp(since), "mfaAuthenticated": "false"},
        },
    }


def assumed_role(role: str, session: str, key: str, since: datetime) -> Json:
    """Return the identity of a role session that began at `since`."""
    principal, name = f"AROA{_stable(role)}EXAMPLE", role.rsplit("/", 1)[-1]
    return {
        "type": "AssumedRole",
        "principalId": f"{principal}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}",
        "accountId": ACCOUNT,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal,
                "arn": role_arn(role),
                "accountId": ACCOUNT,
                "userName": name,
            },
            "attributes": {"creationDate": stamp(since), "mfaAuthenticated": "false"},
        },
    }


def aws_service(service: str) -> Caller:
    """Return an AWS service that calls on its own behalf."""
    host = f"{service}.amazonaws.com"
    return Caller({"type": "AWSService", "invokedBy": host}, host, host)


def root_user() -> Json:
    """Return the identity of the account's root user at sign-in."""
    return {
        "type": "Root",
        "principalId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "accountId": ACCOUNT,
        "accessKeyId": "",
    }


def role_arn(role: str) -> str:
    """Return the ARN of a role of the company."""
    return f"arn:aws:iam::{ACCOUNT}:role/{role}"


def console_login(*, mfa: bool, result: str = "Success") -> Call:
    """Return a console sign-in; the factor is told in `additionalEventData`."""
    return Call(
        "signin",
        "ConsoleLogin",
        response={"ConsoleLogin": result},
        extra={
            "LoginTo": "https://console.aws.amazon.com/console/home?region=us-east-1",
            "MobileVersion": "No",
            "MFAUsed": "Yes" if mfa else "No",
        },
    )


def stamp(when: datetime) -> str:
    """Return a time the way CloudTrail writes it."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def record(mint: Mint, when: datetime, caller: Caller, call: Call) -> Json:
    """Return one CloudTrail record."""
    body: Json = {
        "eventVersion": "1.11",
        "userIdentity": caller.identity,
        "eventTime": stamp(when),
        "eventSource": f"{call.source}.amazonaws.com",
        "eventName": call.name,
        "awsRegion": call.region,
        "sourceIPAddress": caller.address,
        "userAgent": caller.agent,
    }
    if call.error is not None:
        body["errorCode"], body["errorMessage"] = call.error
    body["requestParameters"] = call.request
    body["responseElements"] = None if call.error is not None else call.response
    if call.extra is not None:
        body["additionalEventData"] = call.extra
    return body | _tail(mint, caller, call)


def _tail(mint: Mint, caller: Caller, call: Call) -> Json:
    signs_in = call.name == "ConsoleLogin"
    tail: Json = {} if signs_in else {"requestID": mint.uuid()}
    tail["eventID"] = mint.uuid()
    tail["readOnly"] = call.name.startswith(_READS)
    if call.role_arn is not None:
        tail["resources"] = [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": call.role_arn}]
    tail["eventType"] = "AwsConsoleSignIn" if signs_in else "AwsApiCall"
    tail["managementEvent"] = True
    tail["recipientAccountId"] = ACCOUNT
    if caller.identity["type"] == "AWSService":
        tail["sharedEventID"] = mint.uuid()
    tail["eventCategory"] = "Management"
    if not caller.address.endswith(".amazonaws.com"):
        tail["tlsDetails"] = _tls(call)
    if caller.from_console:
        tail["sessionCredentialFromConsole"] = "true"
    return tail


def _tls(call: Call) -> Json:
    host = _GLOBAL_HOSTS.get(call.source, f"{call.source}.{call.region}.amazonaws.com")
    return {
        "tlsVersion": "TLSv1.3",
        "cipherSuite": "TLS_AES_128_GCM_SHA256",
        "clientProvidedHostHeader": host,
    }


def _stable(name: str) -> str:
    """Return ten capitals that always belong to that name, for principal ids."""
    number = int.from_bytes(name.encode(), "big") % len(_ALPHABET) ** 10
    out = ""
    for _ in range(10):
        number, digit = divmod(number, len(_ALPHABET))
        out += _ALPHABET[digit]
    return out
