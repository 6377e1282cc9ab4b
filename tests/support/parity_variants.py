"""The same deployment in the words of both sides: variables of Terraform, parameters of the stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ARTEFACTS = {"ArtefactBucket": "artefacts", "ArtefactPrefix": "artefacts/1/"}


@dataclass(frozen=True)
class Variant:
    """One choice of everything that can be chosen."""

    variables: Mapping[str, Any]
    parameters: Mapping[str, str]


DEFAULTS = Variant({}, ARTEFACTS)

_KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
_COPY_KEY = "arn:aws:kms:eu-west-1:000000000000:key/66666666-7777-8888-9999-000000000000"
_BOUNDARY = "arn:aws:iam::000000000000:policy/boundary"
_CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/11111111-2222-3333-4444-555555555555"
_MODEL = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5"

EVERYTHING = Variant(
    {
        "project_prefix": "acme-logs",
        "environment": "prod",
        "permissions_boundary_arn": _BOUNDARY,
        "log_retention_days": 400,
        "results_retention_days": 3,
        "access_log_retention_days": 180,
        "noncurrent_version_days": 14,
        "platform_log_retention_days": 90,
        "key_deletion_window_days": 7,
        "deletion_protection": False,
        "slack_webhook_url": "https://hooks.example.com/1",
        "pagerduty_secret_name": "acme/pagerduty",
        "secret_prefix": "acme/",
        "lambda_runtime": "python3.12",
        "lambda_architecture": "x86_64",
        "log_level": "DEBUG",
        "llm_provider": "bedrock",
        "llm_models": [_MODEL],
        "ingest": {
            "notify": "eventbridge",
            "batch_size": 20,
            "batch_seconds": 10,
            "maximum_concurrency": 7,
        },
        "additional_raw_buckets": {"names": ["acme-older-logs"], "key_arns": [_KEY]},
        "delivery_account_ids": ["222222222222", "333333333333"],
        "organisation_id": "o-a1b2c3d4e5",
        "schedules": {
            "detect": {"rate": "rate(10 minutes)"},
            "alert": {"enabled": False},
            "sweep": {"rate": "cron(0 3 * * ? *)"},
        },
        "athena": {"detection_scan_gb": 2, "interactive_scan_gb": 1},
        "auth": {
            "mfa": "OPTIONAL",
            "threat_protection": "ENFORCED",
            "callback_urls": ["https://a.example.com/x", "https://b.example.com/y"],
            "flows": ["ALLOW_USER_SRP_AUTH"],
            "token_minutes": 15,
            "domain_prefix": "acme-sign-in",
        },
        "api": {
            "throttle": {"rate": 9, "burst": 8, "query_rate": 7, "query_burst": 6},
            "manage_account": False,
        },
        "waf": {"rate_limit": 300},
        "web": {
            "price_class": "PriceClass_All",
            "rewrite": False,
            "domain": {"name": "logs.example.com", "certificate_arn": _CERTIFICATE},
        },
        "monitoring": {"emails": ["soc@example.com"], "dashboard": False, "budget": 250},
        "audit": {"mode": "COMPLIANCE", "days": 30, "trail": True},
        "log_sources": {
            "cloudtrail": {"scope": "organisation", "data_events": True},
            "vpc_ids": ["vpc-0123456789abcdef0"],
            "guardduty": True,
        },
        "forwarders": {
            "444444444444": {
                "external_id": "correct-horse",
                "principal_arn": "arn:aws:iam::444444444444:role/shipper",
            }
        },
        "network": {"functions": ["ingest", "detect", "api", "sweep"], "cidr": "10.77.0.0/24"},
        "backup": {"enabled": True, "schedule": "cron(0 5 * * ? *)", "retention_days": 60},
    },
    {
        **ARTEFACTS,
        "ProjectPrefix": "acme-logs",
        "Environment": "prod",
        "PermissionsBoundaryArn": _BOUNDARY,
        "LogRetentionDays": "400",
        "ResultsRetentionDays": "3",
        "AccessLogRetentionDays": "180",
        "NoncurrentVersionDays": "14",
        "PlatformLogRetentionDays": "90",
        "KeyDeletionDays": "7",
        "DeletionProtection": "false",
        "SlackWebhookUrl": "https://hooks.example.com/1",
        "PagerdutySecretName": "acme/pagerduty",
        "SecretPrefix": "acme/",
        "LambdaRuntime": "python3.12",
        "LambdaArchitecture": "x86_64",
        "LogLevel": "DEBUG",
        "LlmProvider": "bedrock",
        "LlmModelArns": _MODEL,
        "IngestNotify": "eventbridge",
        "IngestBatchSize": "20",
        "IngestBatchSeconds": "10",
        "IngestMaximumConcurrency": "7",
        "AdditionalRawBucket": "acme-older-logs",
        "AdditionalRawKeyArn": _KEY,
        "DeliveryAccountIds": "222222222222,333333333333",
        "OrganisationId": "o-a1b2c3d4e5",
        "DetectRate": "rate(10 minutes)",
        "AlertScheduled": "false",
        "SweepRate": "cron(0 3 * * ? *)",
        "DetectionScanBytes": str(2 * 2**30),
        "InteractiveScanBytes": str(2**30),
        "Mfa": "OPTIONAL",
        "ThreatProtection": "ENFORCED",
        "CallbackUrls": "https://a.example.com/x,https://b.example.com/y",
        "AuthFlows": "ALLOW_USER_SRP_AUTH",
        "TokenMinutes": "15",
        "SignInPrefix": "acme-sign-in",
        "ApiRate": "9",
        "ApiBurst": "8",
        "ApiQueryRate": "7",
        "ApiQueryBurst": "6",
        "ManageApiAccount": "false",
        "FirewallRateLimit": "300",
        "WebPriceClass": "PriceClass_All",
        "WebRewriteEnabled": "false",
        "WebDomain": "logs.example.com",
        "WebCertificateArn": _CERTIFICATE,
        "AlarmEmail": "soc@example.com",
        "DashboardEnabled": "false",
        "MonthlyBudget": "250",
        "AuditLockMode": "COMPLIANCE",
        "AuditRetentionDays": "30",
        "AuditTrail": "true",
        "CloudTrailScope": "organisation",
        "CloudTrailDataEvents": "true",
        "FlowLogVpcId": "vpc-0123456789abcdef0",
        "GuardDutyEnabled": "true",
        "ForwarderAccountId": "444444444444",
        "ForwarderExternalId": "correct-horse",
        "ForwarderPrincipalArn": "arn:aws:iam::444444444444:role/shipper",
        "IngestInVpc": "true",
        "DetectInVpc": "true",
        "ApiInVpc": "true",
        "SweepInVpc": "true",
        "NetworkCidr": "10.77.0.0/24",
        "S3PrefixList": "<prefix list com.amazonaws.us-east-1.s3>",
        "DynamodbPrefixList": "<prefix list com.amazonaws.us-east-1.dynamodb>",
        "BackupEnabled": "true",
        "BackupSchedule": "cron(0 5 * * ? *)",
        "BackupRetentionDays": "60",
    },
)

NOTHING = Variant(
    {
        "log_retention_days": 20,
        "monitoring": {"dashboard": False},
        "audit": {"enabled": False},
        "web": {"enabled": False},
        "waf": {"enabled": False},
    },
    {
        **ARTEFACTS,
        "LogRetentionDays": "20",
        "LogsInfrequentAfterDays": "0",
        "DashboardEnabled": "false",
        "AuditEnabled": "false",
        "WebEnabled": "false",
        "FirewallEnabled": "false",
    },
)

VARIANTS: Mapping[str, Variant] = {
    "defaults": DEFAULTS,
    "everything": EVERYTHING,
    "nothing": NOTHING,
}
