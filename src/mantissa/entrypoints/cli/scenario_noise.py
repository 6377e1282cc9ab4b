"""An ordinary day of a small company's AWS account: programs, people, AWS services.

It holds the near misses which make a rule worth having: a scanner that dumps IAM through its role,
a bucket policy that names everyone in order to deny, sign-ins that failed, keys rotated by their owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate

from mantissa.entrypoints.cli import scenario_calls as calls
from mantissa.entrypoints.cli.scenario_calls import Maker, fixed, plain, refused
from mantissa.entrypoints.cli.scenario_record import (
    BACKUP_KEY,
    BUILD_ADDRESS,
    CI_KEY,
    Call,
    Caller,
    Json,
    Mint,
    assumed_role,
    aws_service,
    console_login,
    iam_user,
    record,
    root_user,
)

Timed = tuple[datetime, Json]
Who = Callable[[Mint, datetime], Caller]

_ALWAYS = (1,) * 24
_WORK = (0, 0, 0, 0, 0, 0, 1, 5, 9, 10, 10, 7, 8, 10, 10, 9, 6, 2, 1, 1, 0, 0, 0, 0)
_BUILDS = (1, 1, 1, 1, 1, 1, 2, 5, 9, 10, 10, 8, 9, 10, 10, 9, 6, 3, 2, 2, 1, 1, 1, 1)
_NIGHT = (1, 6, 8, 3) + (0,) * 20

_BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
_CLI = "aws-cli/2.17.9 md/awscrt#0.20.11 ua/2.0 os/macos#23.5.0 md/arch#arm64 lang/python#3.11.9"
_TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.2 terraform-provider-aws/5.58.0 aws-sdk-go-v2/1.30.1"
)
_SDK = (
    "Boto3/1.34.144 md/Botocore#1.34.144 ua/2.0 os/linux#6.1.94 md/arch#x86_64 lang/python#3.12.4"
)
_JAVA = "aws-sdk-java/2.26.12 Linux/6.1.94 OpenJDK_64-Bit_Server_VM/21.0.3 exec-env/AWS_ECS_FARGATE"
_PEOPLE = (
    "anna.berg",
    "david.okafor",
    "ines.moreau",
    "jonas.keller",
    "maria.lindqvist",
    "tom.hale",
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody with a job: how much of the noise, at which hours (UTC), as whom, doing what."""

    share: int
    hours: tuple[int, ...]
    who: Who
    does: tuple[tuple[int, Maker], ...]


def ordinary_day(mint: Mint, start: datetime, end: datetime, events: int) -> Iterator[Timed]:
    """Yield that many records of [start, end), in no order."""
    singles = list(_singles(mint, start, end))[:events]
    yield from singles
    left = events - len(singles)
    total = sum(actor.share for actor in _ACTORS)
    for actor in _ACTORS[1:]:
        count = (events - len(singles)) * actor.share // total
        left -= count
        yield from _work(mint, actor, (start, end), count)
    yield from _work(mint, _ACTORS[0], (start, end), left)


def _work(mint: Mint, actor: Actor, span: tuple[datetime, datetime], count: int) -> Iterator[Timed]:
    start, end = span
    minutes = int((end - start).total_seconds() // 60)
    times = [start + timedelta(minutes=m) for m in range(minutes)]
    weights = list(accumulate(actor.hours[t.hour] for t in times))
    if not weights[-1]:
        weights = list(range(1, minutes + 1))
    makers = [maker for _, maker in actor.does]
    odds = list(accumulate(weight for weight, _ in actor.does))
    moments = mint.chance.choices(times, cum_weights=weights, k=count)
    for moment, maker in zip(
        moments, mint.chance.choices(makers, cum_weights=odds, k=count), strict=True
    ):
        when = moment + timedelta(seconds=mint.chance.randrange(60))
        yield when, record(mint, when, actor.who(mint, when), maker(mint))


class _Sessions:
    """Callers in a role, who keep one temporary key for a while.

    Args:
        sessions: session names to choose from.
        hours: how long a session lasts.
        places: source addresses; a session keeps its own.
    """

    def __init__(
        self, role: str, sessions: tuple[str, ...], hours: int, agent: str, places: tuple[str, ...]
    ) -> None:
        self._role, self._sessions, self._hours = role, sessions, hours
        self._agent, self._places = agent, places

    def __call__(self, mint: Mint, when: datetime) -> Caller:
        """Return the caller whose session is open at that time."""
        position = mint.chance.randrange(len(self._sessions))
        hour = when.hour // self._hours * self._hours
        since = when.replace(hour=hour, minute=0, second=0, microsecond=0)
        name = self._sessions[position]
        key = f"ASIA{_key_part(self._role, name, since)}EXAMPLE"
        identity = assumed_role(self._role, name, key, since)
        return Caller(identity, self._places[position % len(self._places)], self._agent)


def _key_part(role: str, session: str, since: datetime) -> str:
    """Return nine capitals that belong to one session."""
    text = f"{role}|{session}|{since:%Y%m%d%H}"
    number = 0
    for letter in text.encode():
        number = (number * 131 + letter) % 32**9
    return "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[number >> 5 * i & 31] for i in range(9))


def _user(name: str, key: str, address: str, agent: str) -> Who:
    caller = Caller(iam_user(name, key), address, agent)
    return lambda _mint, _when: caller


def _service(name: str) -> Who:
    caller = aws_service(name)
    return lambda _mint, _when: caller


def _linked(role: str, session: str, host: str) -> Who:
    """Return an AWS service that works through its service-linked role."""
    sessions = _Sessions(f"aws-service-role/{host}/{role}", (session,), 1, host, (host,))

    def who(mint: Mint, when: datetime) -> Caller:
        caller = sessions(mint, when)
        return replace(caller, identity={**caller.identity, "invokedBy": host})

    return who


_NAT = ("203.0.113.20", "203.0.113.21")
_OFFICE = ("192.0.2.25", "192.0.2.25", "192.0.2.26", "203.0.113.144")
_SSO = "AWSReservedSSO_Developer_0f4a1c2b3d4e5f60"
_DEVELOPERS = _Sessions(_SSO, tuple(f"{p}@example.com" for p in _PEOPLE), 8, _CLI, _OFFICE)
_SIGN_INS = _Sessions(_SSO, tuple(f"{p}@example.com" for p in _PEOPLE), 8, _BROWSER, _OFFICE)
_DEPLOYER = _Sessions("deploy", ("pipeline",), 1, _TERRAFORM, (BUILD_ADDRESS,))
_SCANNER = _Sessions("posture-audit", ("nightly-scan",), 8, _SDK, ("203.0.113.60",))
_ADMIN = _Sessions("iam-admin", ("anna.berg",), 8, _CLI, ("192.0.2.25",))
_ORDERS = _Sessions("orders-worker", ("orders-worker",), 1, _SDK, _NAT)
_CHECKOUT = _Sessions(
    "checkout-task",
    tuple(f"{n:032x}" for n in (0x3F6C0A9B, 0x7D14C21A, 0x55E01B9C)),
    4,
    _JAVA,
    _NAT,
)

_ACTORS = (
    Actor(
        22,
        _ALWAYS,
        _ORDERS,
        (
            (8, calls.create_log_stream),
            (6, calls.decrypt),
            (5, calls.generate_data_key),
            (1, calls.get_secret),
        ),
    ),
    Actor(
        17,
        _ALWAYS,
        _CHECKOUT,
        ((6, calls.decrypt), (6, calls.generate_data_key), (2, calls.get_secret)),
    ),
    Actor(9, _ALWAYS, _service("lambda"), ((1, calls.assume("orders-worker", "invoice-render")),)),
    Actor(5, _ALWAYS, _service("ecs-tasks"), ((1, calls.assume("checkout-task")),)),
    Actor(4, _ALWAYS, _service("ec2"), ((1, calls.assume("bastion", "metrics-agent")),)),
    Actor(
        9,
        _ALWAYS,
        _linked("AWSServiceRoleForAutoScaling", "AutoScaling", "autoscaling.amazonaws.com"),
        (
            (6, calls.describe_instances),
            (2, plain("ec2", "DescribeInstanceStatus", {"instancesSet": {}, "filterSet": {}})),
            (2, plain("elasticloadbalancing", "DescribeTargetHealth")),
        ),
    ),
    Actor(
        8,
        _ALWAYS,
        _linked("AWSServiceRoleForConfig", "AWSConfig-Describe", "config.amazonaws.com"),
        (
            (4, calls.bucket_read),
            (2, plain("ec2", "DescribeSecurityGroups", {"securityGroupSet": {}, "filterSet": {}})),
            (2, fixed("iam", "ListRoles", {"maxItems": 100})),
            (1, plain("kms", "ListAliases")),
        ),
    ),
    Actor(
        9,
        _BUILDS,
        _user("ci-deploy", CI_KEY, BUILD_ADDRESS, _SDK),
        (
            (4, fixed("sts", "GetCallerIdentity")),
            (4, fixed("ecr", "GetAuthorizationToken", {})),
            (4, calls.assume("deploy")),
            (2, fixed("cloudformation", "DescribeStacks", {"stackName": "checkout"})),
        ),
    ),
    Actor(
        7,
        _BUILDS,
        _DEPLOYER,
        (
            (4, calls.update_function),
            (2, calls.update_service),
            (5, calls.describe_instances),
            (5, plain("lambda", "GetFunction20150331v2", {"functionName": "orders-worker"})),
            (4, calls.bucket_read),
        ),
    ),
    Actor(
        8,
        _WORK,
        _DEVELOPERS,
        (
            (6, calls.describe_instances),
            (5, plain("logs", "DescribeLogGroups", {"limit": 50})),
            (5, plain("cloudwatch", "DescribeAlarms", {"maxRecords": 100})),
            (4, plain("lambda", "ListFunctions20150331")),
            (3, fixed("s3", "ListBuckets", {"Host": "s3.amazonaws.com"})),
            (2, fixed("sts", "GetCallerIdentity")),
            (1, refused("iam", "ListUsers", "iam:ListUsers")),
            (1, refused("secretsmanager", "ListSecrets", "secretsmanager:ListSecrets")),
        ),
    ),
    Actor(
        2,
        _NIGHT,
        _user("svc-backup", BACKUP_KEY, "203.0.113.40", _SDK),
        (
            (4, fixed("ec2", "DescribeSnapshots", {"snapshotSet": {}, "filterSet": {}})),
            (3, calls.create_snapshot),
            (3, calls.delete_snapshot),
        ),
    ),
    Actor(
        2,
        _NIGHT,
        _SCANNER,
        (
            (6, calls.bucket_read),
            (2, plain("ec2", "DescribeSecurityGroups", {"securityGroupSet": {}, "filterSet": {}})),
            (2, fixed("guardduty", "ListDetectors", {})),
            (2, fixed("cloudtrail", "GetEventSelectors", {"trailName": "account-trail"})),
            (1, fixed("iam", "GetAccountAuthorizationDetails", {"maxItems": 1000})),
        ),
    ),
)


def _singles(mint: Mint, start: datetime, end: datetime) -> Iterator[Timed]:
    """Yield what happens once or twice: sign-ins, a rotated key, a policy, a root sign-in."""
    for share, caller, call in _once(mint, start, end):
        when = start + timedelta(seconds=int(share * (end - start).total_seconds()))
        yield when, record(mint, when, caller, call)


def _once(mint: Mint, start: datetime, end: datetime) -> Iterator[tuple[float, Caller, Call]]:
    for share in (0.08, 0.11, 0.12, 0.15, 0.63, 0.64, 0.69, 0.72):
        when = start + share * (end - start)
        yield share, _SIGN_INS(mint, when), console_login(mfa=False)
    anna = Caller(iam_user("anna.berg", None), "192.0.2.25", _BROWSER)
    yield 0.095, anna, console_login(mfa=False, result="Failure")
    yield 0.0955, anna, console_login(mfa=True)
    yield 0.66, anna, console_login(mfa=True)
    yield 0.31, Caller(root_user(), "192.0.2.25", _BROWSER), console_login(mfa=True)
    deployer = _DEPLOYER(mint, start + 0.68 * (end - start))
    yield 0.68, deployer, calls.tls_only_policy(mint)
    admin = _ADMIN(mint, start + 0.1 * (end - start))
    yield 0.1, admin, _access_key("warehouse-sync")
    yield 0.105, admin, Call("iam", "AttachUserPolicy", _narrow_policy("warehouse-sync"))
    owner = Caller(iam_user("svc-mail", "AKIAIMAILER1EXAMPLE0"), "203.0.113.40", _SDK)
    yield 0.55, owner, _access_key("svc-mail")
    legacy = _user("svc-backup", BACKUP_KEY, "203.0.113.40", _SDK)(mint, start)
    denied = refused("rds", "DescribeDBSnapshots", "rds:DescribeDBSnapshots")
    yield 0.41, legacy, denied(mint)


def _access_key(user: str) -> Call:
    made = {"accessKeyId": "AKIAINEWKEY1EXAMPLE0", "status": "Active", "userName": user}
    return Call("iam", "CreateAccessKey", {"userName": user}, {"accessKey": made})


def _narrow_policy(user: str) -> Json:
    return {"userName": user, "policyArn": "arn:aws:iam::aws:policy/AmazonSQSFullAccess"}
