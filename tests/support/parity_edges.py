"""The kinds at the edges of the system: API, sign-in, firewall, web, network, watching, delivery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from support.parity import find
from support.parity_forms import Values, camel, each, kind

# ---- the API


def _named(*parts: str) -> Any:
    """Return a preparation that names a thing after several of its values."""

    def prepare(values: Values) -> Values:
        return values | {"@name": " ".join(str(find(values, part)) for part in parts)}

    return prepare


def _methods_of_stage(values: Values) -> Values:
    """Spell a stage's method settings as Terraform does: `v1/queries/POST`, `*/*`."""
    settings = {}
    for entry in values.get("MethodSettings", ()):
        path = f"{entry['ResourcePath'].strip('/')}/{entry['HttpMethod']}"
        rest = {k: v for k, v in entry.items() if k not in ("ResourcePath", "HttpMethod")}
        settings[path] = rest
    return values | {"MethodSettings": settings}


_STAGE_SETTINGS = (
    "metrics_enabled",
    "logging_level",
    "data_trace_enabled",
    "throttling_rate_limit",
    "throttling_burst_limit",
    "caching_enabled",
)


def _settings(values: Values) -> Values:
    (settings,) = values["settings"]
    kept = {camel(name): settings[name] for name in _STAGE_SETTINGS}
    return values | {"@name": values["stage_name"], "settings": {values["method_path"]: kept}}


API = [
    kind(
        "api",
        ("aws_api_gateway_rest_api", "AWS::ApiGateway::RestApi"),
        ("name", "Name"),
        each("description", "minimum_compression_size", "binary_media_types", "body")
        | {"types": ("endpoint_configuration.types", "EndpointConfiguration.Types")},
        made=("api_key_source", "created_date", "execution_arn", "root_resource_id", "policy"),
    ),
    kind(
        "api account",
        ("aws_api_gateway_account", "AWS::ApiGateway::Account"),
        ("cloudwatch_role_arn", "CloudWatchRoleArn"),
        {},
        made=("api_key_version", "features", "throttle_settings", "reset_on_delete"),
    ),
    kind(
        "authorizer",
        ("aws_api_gateway_authorizer", "AWS::ApiGateway::Authorizer"),
        ("name", "Name"),
        each("identity_source", "rest_api_id", "type")
        | {"pools": ("provider_arns", "ProviderARNs")},
        made=("authorizer_result_ttl_in_seconds",),
    ),
    kind(
        "route",
        ("aws_api_gateway_resource", "AWS::ApiGateway::Resource"),
        ("@name", "@name"),
        each("rest_api_id", "path_part"),
        made=("path", "parent_id", "ParentId"),
        prepare=(_named("parent_id", "path_part"), _named("ParentId", "PathPart")),
    ),
    kind(
        "method",
        ("aws_api_gateway_method", "AWS::ApiGateway::Method"),
        ("@name", "@name"),
        each("http_method", "resource_id", "rest_api_id", "authorizer_id")
        | {
            "authorization": ("authorization", "AuthorizationType"),
            "scopes": ("authorization_scopes", "AuthorizationScopes"),
            "key": ("api_key_required", "ApiKeyRequired"),
        },
        prepare=(_named("resource_id", "http_method"), _named("ResourceId", "HttpMethod")),
    ),
    kind(
        "integration",
        ("aws_api_gateway_integration", "AWS::ApiGateway::Method"),
        ("@name", "@name"),
        {
            "type": ("type", "Integration.Type"),
            "verb": ("integration_http_method", "Integration.IntegrationHttpMethod"),
            "uri": ("uri", "Integration.Uri"),
        },
        made=(
            "resource_id",
            "http_method",
            "rest_api_id",
            "cache_namespace",
            "connection_type",
            "passthrough_behavior",
            "timeout_milliseconds",
        ),
        prepare=(_named("resource_id", "http_method"), _named("ResourceId", "HttpMethod")),
    ),
    kind(
        "refusal",
        ("aws_api_gateway_gateway_response", "AWS::ApiGateway::GatewayResponse"),
        ("response_type", "ResponseType"),
        each("rest_api_id", "status_code", "response_parameters", "response_templates"),
    ),
    kind(
        "stage",
        ("aws_api_gateway_stage", "AWS::ApiGateway::Stage"),
        ("stage_name", "StageName"),
        each("rest_api_id", "cache_cluster_enabled")
        | {
            "tracing": ("xray_tracing_enabled", "TracingEnabled"),
            "access_log": ("access_log_settings", "AccessLogSetting"),
        },
        made=("deployment_id", "DeploymentId", "execution_arn", "invoke_url", "web_acl_arn"),
    ),
    kind(
        "stage methods",
        ("aws_api_gateway_method_settings", "AWS::ApiGateway::Stage"),
        ("@name", "StageName"),
        {"settings": ("settings", "MethodSettings")},
        made=("method_path", "rest_api_id", "stage_name"),
        prepare=(_settings, _methods_of_stage),
        joined="settings",
    ),
    kind(
        "deployment",
        ("aws_api_gateway_deployment", "AWS::ApiGateway::Deployment"),
        ("rest_api_id", "RestApiId"),
        {},
        made=("created_date", "execution_arn", "invoke_url", "triggers"),
    ),
]

# ---- sign-in

AUTH = [
    kind(
        "pool",
        ("aws_cognito_user_pool", "AWS::Cognito::UserPool"),
        ("name", "UserPoolName"),
        each(
            "admin_create_user_config",
            "auto_verified_attributes",
            "deletion_protection",
            "mfa_configuration",
            "user_attribute_update_settings",
            "user_pool_tier",
            "username_attributes",
            "username_configuration",
        )
        | {
            "password": ("password_policy", "Policies.PasswordPolicy"),
            "recovery": (
                "account_recovery_setting.recovery_mechanism",
                "AccountRecoverySetting.RecoveryMechanisms",
            ),
            "second_factor": ("software_token_mfa_configuration", "EnabledMfas"),
            "threats": ("user_pool_add_ons", "UserPoolAddOns"),
        },
        made=(
            "creation_date",
            "email_configuration",
            "endpoint",
            "estimated_number_of_users",
            "last_modified_date",
            "sms_configuration",
            "verification_message_template",
            "domain",
            "lambda_config",
            "schema",
            "sign_in_policy",
        ),
        prepare=(
            lambda values: (
                values
                | {
                    "software_token_mfa_configuration": "SOFTWARE_TOKEN_MFA"
                    if find(values, "software_token_mfa_configuration.enabled")
                    else None
                }
            ),
            None,
        ),
    ),
    kind(
        "group",
        ("aws_cognito_user_group", "AWS::Cognito::UserPoolGroup"),
        ("name", "GroupName"),
        each("description", "precedence", "user_pool_id", "role_arn"),
    ),
    kind(
        "scopes",
        ("aws_cognito_resource_server", "AWS::Cognito::UserPoolResourceServer"),
        ("identifier", "Identifier"),
        each("name", "user_pool_id") | {"scopes": ("scope", "Scopes")},
        made=("scope_identifiers",),
    ),
    kind(
        "sign-in page",
        ("aws_cognito_user_pool_domain", "AWS::Cognito::UserPoolDomain"),
        ("domain", "Domain"),
        each("user_pool_id"),
        made=(
            "aws_account_id",
            "cloudfront_distribution",
            "cloudfront_distribution_arn",
            "cloudfront_distribution_zone_id",
            "managed_login_version",
            "s3_bucket",
            "version",
        ),
    ),
    kind(
        "client",
        ("aws_cognito_user_pool_client", "AWS::Cognito::UserPoolClient"),
        ("name", "ClientName"),
        each(
            "access_token_validity",
            "enable_token_revocation",
            "explicit_auth_flows",
            "generate_secret",
            "id_token_validity",
            "prevent_user_existence_errors",
            "refresh_token_validity",
            "supported_identity_providers",
            "token_validity_units",
            "user_pool_id",
        )
        | {
            "callbacks": ("callback_urls", "CallbackURLs"),
            "logouts": ("logout_urls", "LogoutURLs"),
            "flows": ("allowed_oauth_flows", "AllowedOAuthFlows"),
            "flows_allowed": (
                "allowed_oauth_flows_user_pool_client",
                "AllowedOAuthFlowsUserPoolClient",
            ),
            "scopes": ("allowed_oauth_scopes", "AllowedOAuthScopes"),
        },
        made=("auth_session_validity", "client_secret", "analytics_configuration"),
    ),
]

# ---- the firewall


def _acl(values: Values) -> Values:
    """Say in words what either side writes as empty blocks: block, count, none."""
    squashed = {key.lower().replace("_", ""): value for key, value in values.items()}
    rules = [_rule(rule) for rule in squashed.get("rules") or squashed.get("rule") or ()]
    (default,) = _words(squashed["defaultaction"])
    return values | {"@rules": rules, "@default": default}


def _rule(rule: Mapping[str, Any]) -> Values:
    given = {key.lower().replace("_", ""): value for key, value in rule.items()}
    statement = _one(given["statement"])
    rate = _one(_get(statement, "ratebasedstatement"))
    group = _one(_get(statement, "managedrulegroupstatement"))
    overrides = _get(group, "ruleactionoverrides") or _get(group, "ruleactionoverride") or ()
    known = {"ratebasedstatement", "managedrulegroupstatement"}
    assert set(_words(statement)) <= known, statement
    return {
        "name": given["name"],
        "priority": given["priority"],
        "action": _words(given.get("action")),
        "override": _words(given.get("overrideaction")),
        "limit": _get(rate, "limit"),
        "by": _get(rate, "aggregatekeytype"),
        "group": [_get(group, "vendorname"), _get(group, "name")],
        "exceptions": {
            _get(entry, "name"): _words(_get(entry, "actiontouse")) for entry in overrides
        },
        "watched": _one(given["visibilityconfig"]),
    }


def _one(value: Any) -> Any:
    return (value[0] if value else {}) if isinstance(value, list) else value or {}


def _get(value: Any, key: str) -> Any:
    found = [item for name, item in _one(value).items() if name.lower().replace("_", "") == key]
    return found[0] if found else None


def _words(value: Any) -> list[str]:
    """Return the names of the blocks that are there, empty ones too."""
    return [name.lower().replace("_", "") for name, item in _one(value).items() if item != []]


FIREWALL = [
    kind(
        "firewall",
        ("aws_wafv2_web_acl", "AWS::WAFv2::WebACL"),
        ("name", "Name"),
        each("description", "scope", "visibility_config")
        | {"rules": ("@rules", "@rules"), "default": ("@default", "@default")},
        made=("capacity", "lock_token", "application_integration_url", "rule", "default_action",
              "Rules", "DefaultAction"),
        prepare=(_acl, _acl),
    ),
    kind(
        "firewall log",
        ("aws_wafv2_web_acl_logging_configuration", "AWS::WAFv2::LoggingConfiguration"),
        ("resource_arn", "ResourceArn"),
        each("log_destination_configs", "redacted_fields"),
    ),
    kind(
        "firewall place",
        ("aws_wafv2_web_acl_association", "AWS::WAFv2::WebACLAssociation"),
        ("resource_arn", "ResourceArn"),
        {"firewall": ("web_acl_arn", "WebACLArn")},
    ),
]  # fmt: skip

# ---- the web UI


def _distribution_config(values: Values) -> Values:
    config = dict(values["DistributionConfig"])
    config["Origins"] = [
        {k: v for k, v in origin.items() if k != "S3OriginConfig"} for origin in config["Origins"]
    ]
    config["ViewerCertificate"] = dict(config["ViewerCertificate"])
    return config


def _behaviour(given: Mapping[str, Any]) -> Values:
    """Leave out the times to live that a cache policy takes the place of."""
    left_out = ("default_ttl", "max_ttl", "min_ttl", "grpc_config", "forwarded_values")
    kept = {name: value for name, value in given.items() if name not in left_out}
    associations = kept.pop("function_association", [])
    return kept | {"FunctionAssociations": associations}


def _distribution(values: Values) -> Values:
    origins = []
    for origin in values["origin"]:
        kept = {k: v for k, v in origin.items() if not k.startswith("connection_")}
        kept["id"] = kept.pop("origin_id")
        kept["custom_origin_config"] = [
            {k: v for k, v in custom.items() if k not in _ORIGIN_DEFAULTS}
            for custom in kept.get("custom_origin_config") or ()
        ]
        origins.append(kept)
    return values | {
        "origin": origins,
        "default_cache_behavior": [_behaviour(b) for b in values["default_cache_behavior"]],
        "ordered_cache_behavior": [_behaviour(b) for b in values["ordered_cache_behavior"] or ()],
    }


_ORIGIN_DEFAULTS = ("origin_keepalive_timeout", "origin_read_timeout")

WEB = [
    kind(
        "distribution",
        ("aws_cloudfront_distribution", "AWS::CloudFront::Distribution"),
        ("comment", "Comment"),
        each("aliases", "default_root_object", "enabled", "http_version", "price_class")
        | each("restrictions", "viewer_certificate", "default_cache_behavior")
        | {
            "ipv6": ("is_ipv6_enabled", "IPV6Enabled"),
            "firewall": ("web_acl_id", "WebACLId"),
            "origins": ("origin", "Origins"),
            "behaviours": ("ordered_cache_behavior", "CacheBehaviors"),
        },
        made=(
            "caller_reference",
            "domain_name",
            "etag",
            "hosted_zone_id",
            "in_progress_validation_batches",
            "last_modified_time",
            "status",
            "wait_for_deployment",
            "trusted_key_groups",
            "trusted_signers",
        ),
        prepare=(_distribution, _distribution_config),
    ),
    kind(
        "web access",
        ("aws_cloudfront_origin_access_control", "AWS::CloudFront::OriginAccessControl"),
        ("name", "Name"),
        each("description", "origin_access_control_origin_type", "signing_behavior")
        | each("signing_protocol"),
        made=("etag",),
        prepare=(None, lambda values: values["OriginAccessControlConfig"]),
    ),
    kind(
        "web headers",
        ("aws_cloudfront_response_headers_policy", "AWS::CloudFront::ResponseHeadersPolicy"),
        ("name", "Name"),
        each("comment", "custom_headers_config", "security_headers_config", "cors_config")
        | each("remove_headers_config"),
        made=("etag",),
        prepare=(None, lambda values: values["ResponseHeadersPolicyConfig"]),
    ),
    kind(
        "web rewrite",
        ("aws_cloudfront_function", "AWS::CloudFront::Function"),
        ("name", "Name"),
        {
            "code": ("code", "FunctionCode"),
            "comment": ("comment", "FunctionConfig.Comment"),
            "runtime": ("runtime", "FunctionConfig.Runtime"),
            "published": ("publish", "AutoPublish"),
        },
        made=("etag", "live_stage_etag", "status"),
    ),
]

# ---- watching

WATCHING = [
    kind(
        "subscription",
        ("aws_sns_topic_subscription", "AWS::SNS::Subscription"),
        ("endpoint", "Endpoint"),
        each("protocol", "topic_arn"),
        made=(
            "confirmation_timeout_in_minutes",
            "confirmation_was_authenticated",
            "endpoint_auto_confirms",
            "owner_id",
            "pending_confirmation",
            "raw_message_delivery",
            "filter_policy_scope",
        ),
    ),
    kind(
        "dashboard",
        ("aws_cloudwatch_dashboard", "AWS::CloudWatch::Dashboard"),
        ("dashboard_name", "DashboardName"),
        each("dashboard_body"),
        made=("dashboard_arn",),
    ),
    kind(
        "budget",
        ("aws_budgets_budget", "AWS::Budgets::Budget"),
        ("name", "BudgetName"),
        each("budget_type", "time_unit")
        | {
            "amount": ("limit_amount", "BudgetLimit.Amount"),
            "unit": ("limit_unit", "BudgetLimit.Unit"),
            "filters": ("cost_filter", "CostFilters"),
            "warnings": ("notification", "NotificationsWithSubscribers"),
        },
        made=("account_id", "cost_types", "time_period_end", "time_period_start", "name_prefix"),
        prepare=(lambda values: _budget(values), lambda values: _budget_property(values)),
    ),
    kind(
        "trail",
        ("aws_cloudtrail", "AWS::CloudTrail::Trail"),
        ("name", "TrailName"),
        each("include_global_service_events", "is_multi_region_trail", "is_organization_trail")
        | each("s3_bucket_name")
        | {
            "key": ("kms_key_id", "KMSKeyId"),
            "validated": ("enable_log_file_validation", "EnableLogFileValidation"),
            "logging": ("enable_logging", "IsLogging"),
            "events": ("advanced_event_selector", "AdvancedEventSelectors"),
        },
        made=("home_region", "sns_topic_arn"),
        prepare=(lambda values: _selectors(values), None),
    ),
    kind(
        "flow log",
        ("aws_flow_log", "AWS::EC2::FlowLog"),
        ("vpc_id", "ResourceId"),
        each("log_destination", "log_destination_type", "traffic_type"),
        made=("log_format", "log_group_name", "max_aggregation_interval", "ResourceType",
              "destination_options"),
    ),
    kind(
        "detector",
        ("aws_guardduty_detector", "AWS::GuardDuty::Detector"),
        ("finding_publishing_frequency", "FindingPublishingFrequency"),
        each("enable"),
        made=("account_id", "datasources"),
    ),
    kind(
        "detector export",
        ("aws_guardduty_publishing_destination", "AWS::GuardDuty::PublishingDestination"),
        ("destination_arn", "DestinationProperties.DestinationArn"),
        {
            "key": ("kms_key_arn", "DestinationProperties.KmsKeyArn"),
            "type": ("destination_type", "DestinationType"),
        },
        made=("detector_id", "DetectorId"),
    ),
]  # fmt: skip


def _budget(values: Values) -> Values:
    filters = {found["name"]: found["values"] for found in values["cost_filter"]}
    warnings = [
        {
            k: n[k]
            for k in ("comparison_operator", "threshold", "threshold_type", "notification_type")
        }
        | {"to": n["subscriber_sns_topic_arns"]}
        for n in values["notification"]
    ]
    return values | {"cost_filter": filters, "notification": warnings}


def _budget_property(values: Values) -> Values:
    warnings = [
        entry["Notification"] | {"to": [s["Address"] for s in entry["Subscribers"]]}
        for entry in values["NotificationsWithSubscribers"]
    ]
    return values["Budget"] | {"NotificationsWithSubscribers": warnings}


def _selectors(values: Values) -> Values:
    selectors = [
        {"name": found["name"], "FieldSelectors": found["field_selector"]}
        for found in values["advanced_event_selector"]
    ]
    return values | {"advanced_event_selector": selectors}


# ---- the network


_RULE = ("description", "ip_protocol", "from_port", "to_port")

NETWORK = [
    kind(
        "vpc",
        ("aws_vpc", "AWS::EC2::VPC"),
        ("cidr_block", "CidrBlock"),
        each("enable_dns_hostnames", "enable_dns_support"),
        made=(
            "default_network_acl_id",
            "default_route_table_id",
            "default_security_group_id",
            "dhcp_options_id",
            "instance_tenancy",
            "main_route_table_id",
            "owner_id",
            "ipv6_netmask_length",
        ),
    ),
    kind(
        "subnet",
        ("aws_subnet", "AWS::EC2::Subnet"),
        ("cidr_block", "CidrBlock"),
        each("availability_zone", "vpc_id", "map_public_ip_on_launch"),
        made=(
            "availability_zone_id",
            "enable_lni_at_device_index",
            "owner_id",
            "private_dns_hostname_type_on_launch",
        ),
    ),
    kind("route table", ("aws_route_table", "AWS::EC2::RouteTable"), ("vpc_id", "VpcId"), {},
         made=("owner_id", "route")),
    kind(
        "subnet routes",
        ("aws_route_table_association", "AWS::EC2::SubnetRouteTableAssociation"),
        ("subnet_id", "SubnetId"),
        each("route_table_id"),
    ),
    kind(
        "security group",
        ("aws_security_group", "AWS::EC2::SecurityGroup"),
        ("name", "GroupName"),
        each("vpc_id") | {"description": ("description", "GroupDescription")},
        made=("owner_id", "egress", "ingress", "SecurityGroupEgress"),
    ),
    kind(
        "way out",
        ("aws_vpc_security_group_egress_rule", "egress rule"),
        ("@name", "@name"),
        each(*_RULE, "prefix_list_id", "referenced_security_group_id", "cidr_ipv4"),
        made=("security_group_rule_id", "security_group_id", "description"),
        prepare=(_named("security_group_id", "description"),) * 2,
    ),
    kind(
        "way in",
        ("aws_vpc_security_group_ingress_rule", "ingress rule"),
        ("@name", "@name"),
        each(*_RULE, "prefix_list_id", "referenced_security_group_id", "cidr_ipv4"),
        made=("security_group_rule_id", "security_group_id", "description"),
        prepare=(_named("security_group_id", "description"),) * 2,
    ),
    kind(
        "endpoint",
        ("aws_vpc_endpoint", "AWS::EC2::VPCEndpoint"),
        ("service_name", "ServiceName"),
        each("private_dns_enabled", "route_table_ids", "security_group_ids", "subnet_ids")
        | each("vpc_endpoint_type", "vpc_id")
        | {"policy": ("policy", "PolicyDocument")},
        made=(
            "cidr_blocks",
            "dns_entry",
            "dns_options",
            "ip_address_type",
            "network_interface_ids",
            "owner_id",
            "prefix_list_id",
            "state",
            "subnet_configuration",
            "service_region",
        ),
    ),
]  # fmt: skip

# ---- backups

BACKUP = [
    kind(
        "vault",
        ("aws_backup_vault", "AWS::Backup::BackupVault"),
        ("name", "BackupVaultName"),
        {"key": ("kms_key_arn", "EncryptionKeyArn")},
        made=("recovery_points",),
    ),
    kind(
        "backup plan",
        ("aws_backup_plan", "AWS::Backup::BackupPlan"),
        ("name", "BackupPlanName"),
        {
            "rule": ("rule.rule_name", "BackupPlanRule.RuleName"),
            "vault": ("rule.target_vault_name", "BackupPlanRule.TargetBackupVault"),
            "schedule": ("rule.schedule", "BackupPlanRule.ScheduleExpression"),
            "days": ("rule.lifecycle.delete_after", "BackupPlanRule.Lifecycle.DeleteAfterDays"),
        },
        made=("version",),
        prepare=(None, lambda values: values["BackupPlan"]),
    ),
    kind(
        "backup selection",
        ("aws_backup_selection", "AWS::Backup::BackupSelection"),
        ("name", "SelectionName"),
        {"role": ("iam_role_arn", "IamRoleArn"), "resources": ("resources", "Resources")},
        made=("plan_id", "not_resources", "condition"),
        prepare=(None, lambda values: values["BackupSelection"]),
    ),
]

EDGES = [*API, *AUTH, *FIREWALL, *WEB, *WATCHING, *NETWORK, *BACKUP]
