"""Which column holds what an ECS field of the published fixtures holds, and where we differ on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

CLOUDTRAIL = {
    "@timestamp": "event_time",
    "aws.cloudtrail.event_type": "eventtype",
    "aws.cloudtrail.event_version": "eventversion",
    "aws.cloudtrail.event_category": "eventcategory",
    "aws.cloudtrail.read_only": "readonly",
    "aws.cloudtrail.recipient_account_id": "recipientaccountid",
    "aws.cloudtrail.request_id": "requestid",
    "aws.cloudtrail.error_code": "errorcode",
    "aws.cloudtrail.error_message": "errormessage",
    "aws.cloudtrail.user_identity.access_key_id": "useridentity_accesskeyid",
    "aws.cloudtrail.user_identity.arn": "useridentity_arn",
    "aws.cloudtrail.user_identity.type": "useridentity_type",
    "aws.cloudtrail.user_identity.invoked_by": "useridentity_invokedby",
    "aws.cloudtrail.user_identity.session_context.creation_date": (
        "useridentity_sessioncontext_attributes_creationdate"
    ),
    "aws.cloudtrail.user_identity.session_context.mfa_authenticated": (
        "useridentity_sessioncontext_attributes_mfaauthenticated"
    ),
    "aws.cloudtrail.user_identity.session_context.session_issuer.account_id": (
        "useridentity_sessioncontext_sessionissuer_accountid"
    ),
    "aws.cloudtrail.user_identity.session_context.session_issuer.arn": (
        "useridentity_sessioncontext_sessionissuer_arn"
    ),
    "aws.cloudtrail.user_identity.session_context.session_issuer.principal_id": (
        "useridentity_sessioncontext_sessionissuer_principalid"
    ),
    "aws.cloudtrail.user_identity.session_context.session_issuer.type": (
        "useridentity_sessioncontext_sessionissuer_type"
    ),
    "cloud.account.id": "cloud_account",
    "cloud.region": "cloud_region",
    "event.action": "activity",
    "event.id": "eventid",
    "event.outcome": "outcome",
    "event.provider": "eventsource",
    "source.address": "sourceipaddress",
    "source.ip": "src_ip",
    "user.id": "useridentity_principalid",
    "user.name": "actor_user",
    "user_agent.original": "user_agent",
}
VPCFLOW = {
    "@timestamp": "event_time",
    "aws.vpcflow.account_id": "account_id",
    "aws.vpcflow.action": "action",
    "aws.vpcflow.instance_id": "instance_id",
    "aws.vpcflow.interface_id": "interface_id",
    "aws.vpcflow.log_status": "log_status",
    "aws.vpcflow.pkt_dst_service": "pkt_dst_aws_service",
    "aws.vpcflow.pkt_dstaddr": "pkt_dstaddr",
    "aws.vpcflow.pkt_src_service": "pkt_src_aws_service",
    "aws.vpcflow.pkt_srcaddr": "pkt_srcaddr",
    "aws.vpcflow.subnet_id": "subnet_id",
    "aws.vpcflow.tcp_flags": "tcp_flags",
    "aws.vpcflow.traffic_path": "traffic_path",
    "aws.vpcflow.type": "type",
    "aws.vpcflow.version": "version",
    "aws.vpcflow.vpc_id": "vpc_id",
    "cloud.account.id": "cloud_account",
    "cloud.availability_zone": "az_id",
    "cloud.instance.id": "device_host",
    "cloud.region": "cloud_region",
    "destination.ip": "dst_ip",
    "destination.port": "dst_port",
    "event.end": "end",
    "event.outcome": "outcome",
    "event.start": "start",
    "network.bytes": "bytes",
    "network.direction": "flow_direction",
    "network.iana_number": "protocol",
    "network.packets": "packets",
    "source.ip": "src_ip",
    "source.port": "src_port",
}
OKTA = {
    "@timestamp": "event_time",
    "client.ip": "src_ip",
    "client.geo.city_name": "client_geographicalcontext_city",
    "client.geo.country_name": "client_geographicalcontext_country",
    "client.geo.region_name": "client_geographicalcontext_state",
    "client.user.full_name": "actor_displayname",
    "client.user.id": "actor_id",
    "client.user.name": "actor_user",
    "event.action": "activity",
    "event.id": "uuid",
    "event.outcome": "outcome",
    "okta.actor.alternate_id": "actor_alternateid",
    "okta.actor.display_name": "actor_displayname",
    "okta.actor.id": "okta_actor_id",
    "okta.actor.type": "actor_type",
    "okta.authentication_context.authentication_provider": (
        "authenticationcontext_authenticationprovider"
    ),
    "okta.authentication_context.authentication_step": "authenticationcontext_authenticationstep",
    "okta.authentication_context.credential_provider": "authenticationcontext_credentialprovider",
    "okta.authentication_context.external_session_id": "authenticationcontext_externalsessionid",
    "okta.client.device": "client_device",
    "okta.client.ip": "client_ipaddress",
    "okta.client.user_agent.browser": "client_useragent_browser",
    "okta.client.user_agent.os": "client_useragent_os",
    "okta.client.user_agent.raw_user_agent": "user_agent",
    "okta.client.zone": "client_zone",
    "okta.debug_context.debug_data.device_fingerprint": "debugcontext_debugdata_devicefingerprint",
    "okta.debug_context.debug_data.factor": "debugcontext_debugdata_factor",
    "okta.debug_context.debug_data.flattened.dtHash": "debugcontext_debugdata_dthash",
    "okta.debug_context.debug_data.request_id": "debugcontext_debugdata_requestid",
    "okta.debug_context.debug_data.request_uri": "debugcontext_debugdata_requesturi",
    "okta.debug_context.debug_data.threat_suspected": "debugcontext_debugdata_threatsuspected",
    "okta.debug_context.debug_data.url": "debugcontext_debugdata_url",
    "okta.device.id": "device_id",
    "okta.device.managed": "device_managed",
    "okta.device.name": "device_host",
    "okta.device.os_platform": "device_os_platform",
    "okta.device.registered": "device_registered",
    "okta.display_message": "displaymessage",
    "okta.event_type": "eventtype",
    "okta.outcome.reason": "outcome_reason",
    "okta.outcome.result": "outcome_result",
    "okta.security_context.as.number": "securitycontext_asnumber",
    "okta.security_context.as.organization.name": "securitycontext_asorg",
    "okta.security_context.domain": "securitycontext_domain",
    "okta.security_context.is_proxy": "securitycontext_isproxy",
    "okta.security_context.isp": "securitycontext_isp",
    "okta.transaction.id": "transaction_id",
    "okta.transaction.type": "transaction_type",
    "okta.uuid": "uuid",
}
GITHUB_AUDIT = {
    "@timestamp": "event_time",
    "event.action": "activity",
    "github.org": "org",
    "github.repo": "repo",
    "github.team": "team",
    "user.name": "actor_user",
    "user.target.name": "target_user",
}
GITHUB_ALERTS = {
    "@timestamp": "event_time",
    "github.repository.full_name": "repository_full_name",
    "github.repository.url": "repository_url",
    "github.severity": "severity",
    "rule.id": "rule_id",
    "github.code_scanning.created_at": "created_at",
    "github.code_scanning.html_url": "html_url",
    "github.code_scanning.number": "number",
    "github.code_scanning.rule.severity": "rule_severity",
    "github.code_scanning.rule.security_severity_level": "rule_security_severity_level",
    "github.code_scanning.state": "state",
    "github.code_scanning.tool.name": "tool_name",
    "github.code_scanning.url": "url",
    "github.dependabot.created_at": "createdat",
    "github.dependabot.number": "number",
    "github.dependabot.security_advisory.ghsa_id": "securityadvisory_ghsaid",
    "github.dependabot.security_vulnerability.package.ecosystem": (
        "securityvulnerability_package_ecosystem"
    ),
    "github.dependabot.security_vulnerability.package.name": "securityvulnerability_package_name",
    "github.dependabot.state": "state",
    "github.secret_scanning.created_at": "created_at",
    "github.secret_scanning.html_url": "html_url",
    "github.secret_scanning.number": "number",
    "github.secret_scanning.push_protection_bypassed": "push_protection_bypassed",
    "github.secret_scanning.resolution": "resolution",
    "github.secret_scanning.secret_type": "secret_type",
    "github.secret_scanning.secret_type_display_name": "secret_type_display_name",
    "github.secret_scanning.state": "state",
    "github.secret_scanning.url": "url",
}
TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "aws.cloudtrail": ("aws_cloudtrail", CLOUDTRAIL),
    "aws.vpcflow": ("aws_vpcflow", VPCFLOW),
    "okta.system": ("okta", OKTA),
    "github.audit": ("github", GITHUB_AUDIT),
    "github.code_scanning": ("github", GITHUB_ALERTS),
    "github.dependabot": ("github", GITHUB_ALERTS),
    "github.secret_scanning": ("github", GITHUB_ALERTS),
}
"""Format in the manifest → our source and ECS field → column."""

_NO_SEVERITY = "a severity that the record does not state is null, not a word; else the rule's own"
_COMPUTED = "not in the record: the fixtures derive it from the alert's address"
ON_PURPOSE: Mapping[tuple[str, str], str] = {
    ("aws.cloudtrail", "user.name"): (
        "a role's session names who used the role, so actor_user is role/session"
    ),
    ("github.code_scanning", "github.severity"): _NO_SEVERITY,
    ("github.secret_scanning", "github.severity"): _NO_SEVERITY,
    ("github.code_scanning", "github.repository.url"): _COMPUTED,
    ("github.secret_scanning", "github.repository.url"): _COMPUTED,
    ("aws.vpcflow", "@timestamp"): "a flow happened from its start on; the fixtures take its end",
    (
        "okta.system",
        "client.user.name",
    ): "actor_user is the whole login; the fixtures cut the domain",
    ("github.code_scanning", "@timestamp"): (
        "an alert is dated when it was made; the fixtures take the last change"
    ),
    ("github.dependabot", "@timestamp"): (
        "an alert is dated when it was made; the fixtures take the last change"
    ),
    ("github.secret_scanning", "@timestamp"): (
        "an alert is dated when it was made; the fixtures take the last change"
    ),
}
"""(format, ECS field) → why our value may be another one."""


@dataclass(slots=True)
class Agreement:
    """What came of comparing.

    Args:
        fields: (format, ECS field) → how often both had the same value.
        differences: (format, ECS field, theirs, ours, why); `why` is empty where nobody meant it.
        unmapped: format → ECS fields that have no column of ours in the table.
    """

    fields: dict[tuple[str, str], int] = field(default_factory=dict)
    differences: list[tuple[str, str, Any, Any, str]] = field(default_factory=list)
    unmapped: dict[str, set[str]] = field(default_factory=dict)

    def compare(self, kind: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
        """Compare one expected document with one row."""
        columns = TABLES[kind][1]
        for name, value in flat(theirs):
            if name not in columns:
                self.unmapped.setdefault(kind, set()).add(name)
            elif equal(value, ours.get(columns[name])):
                self.fields[kind, name] = self.fields.get((kind, name), 0) + 1
            else:
                why = ON_PURPOSE.get((kind, name), "")
                self.differences.append((kind, name, value, ours.get(columns[name]), why))

    def report(self) -> str:
        """Return the comparison as Markdown."""
        lines = ["# Agreement with the published ECS fixtures", ""]
        lines += [f"{sum(self.fields.values())} values of {len(self.fields)} fields agree.", ""]
        lines += ["| format | ECS field | column | values that agree |", "|---|---|---|---|"]
        for (kind, name), count in sorted(self.fields.items()):
            lines.append(f"| {kind} | {name} | {TABLES[kind][1][name]} | {count} |")
        lines += ["", "## Differences", "", "| format | field | theirs | ours | why |"]
        lines.append("|---|---|---|---|---|")
        for row in self.differences:
            lines.append(
                "| " + " | ".join(str(cell).replace("|", "\\|")[:80] for cell in row) + " |"
            )
        lines += ["", "## ECS fields without a column of their own", ""]
        for kind, names in sorted(self.unmapped.items()):
            lines.append(f"- {kind}: {', '.join(sorted(names))}")
        return "\n".join(lines) + "\n"


def flat(document: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted names and values; empty objects yield nothing."""
    for name, value in document.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{name}.")
        else:
            yield above + name, value


def equal(theirs: Any, ours: Any) -> bool:
    """Whether two values say the same: times as instants, everything else as text without case."""
    moments = [_moment(value) for value in (theirs, ours)]
    if None not in moments:
        return moments[0] == moments[1]
    return _text(theirs) == _text(ours)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 10**8 < value < 10**10:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
    if isinstance(value, str) and len(value) > 9 and value[4:5] == "-":
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _text(value: Any) -> str:
    return "medium" if value == "moderate" else str(value).lower()
