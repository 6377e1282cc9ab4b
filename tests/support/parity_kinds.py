"""What Terraform's AWS provider and CloudFormation call the same things, kind by kind."""

from __future__ import annotations

from support.parity import Kind
from support.parity_edges import EDGES
from support.parity_forms import Values, camel, each, kind

# ---- S3


def _rules_terraform(values: Values) -> Values:
    rules = [
        {
            "id": rule["id"],
            "status": rule["status"],
            "prefix": (rule.get("filter") or [{}])[0].get("prefix"),
            "days": (rule.get("expiration") or [{}])[0].get("days"),
            "marker": (rule.get("expiration") or [{}])[0].get("expired_object_delete_marker"),
            "moves": [(t["days"], t["storage_class"]) for t in rule.get("transition") or ()],
            "old": (rule.get("noncurrent_version_expiration") or [{}])[0].get("noncurrent_days"),
            "broken": (rule.get("abort_incomplete_multipart_upload") or [{}])[0].get(
                "days_after_initiation"
            ),
        }
        for rule in values["rule"]
    ]
    return values | {"rule": [_set(rule) for rule in rules]}


def _rules_cloudformation(values: Values) -> Values:
    if "LifecycleConfiguration" not in values:
        return values
    rules = [
        {
            "id": rule["Id"],
            "status": rule["Status"],
            "prefix": rule.get("Prefix"),
            "days": rule.get("ExpirationInDays"),
            "marker": rule.get("ExpiredObjectDeleteMarker"),
            "moves": [
                (t["TransitionInDays"], t["StorageClass"]) for t in rule.get("Transitions", ())
            ],
            "old": rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
            "broken": rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
        }
        for rule in values["LifecycleConfiguration"]["Rules"]
    ]
    return values | {"LifecycleConfiguration": [_set(rule) for rule in rules]}


def _set(rule: Values) -> Values:
    """Leave out what is not set; the provider reads an absent number of days back as 0."""
    return {name: value for name, value in rule.items() if value not in (None, 0, "", [])}


_BUCKET = "AWS::S3::Bucket"
_SSE = "rule.apply_server_side_encryption_by_default"
_SSE_PROPERTY = "BucketEncryption.ServerSideEncryptionConfiguration"

S3 = [
    kind(
        "bucket",
        ("aws_s3_bucket", _BUCKET),
        ("bucket", "BucketName"),
        {
            "name": ("bucket", "BucketName"),
            "object_lock": ("object_lock_enabled", "ObjectLockEnabled"),
        },
        made=(
            "bucket_domain_name",
            "bucket_regional_domain_name",
            "hosted_zone_id",
            "region",
            "force_destroy",
            # The provider reads back here what the resources below set.
            "acceleration_status",
            "grant",
            "lifecycle_rule",
            "logging",
            "object_lock_configuration",
            "policy",
            "replication_configuration",
            "request_payer",
            "server_side_encryption_configuration",
            "versioning",
        ),
    ),
    kind(
        "bucket public access",
        ("aws_s3_bucket_public_access_block", _BUCKET),
        ("bucket", "BucketName"),
        {
            name: (name, f"PublicAccessBlockConfiguration.{camel(name)}")
            for name in (
                "block_public_acls",
                "block_public_policy",
                "ignore_public_acls",
                "restrict_public_buckets",
            )
        },
    ),
    kind(
        "bucket ownership",
        ("aws_s3_bucket_ownership_controls", _BUCKET),
        ("bucket", "BucketName"),
        {"ownership": ("rule.object_ownership", "OwnershipControls.Rules.ObjectOwnership")},
    ),
    kind(
        "bucket versioning",
        ("aws_s3_bucket_versioning", _BUCKET),
        ("bucket", "BucketName"),
        {"status": ("versioning_configuration.status", "VersioningConfiguration.Status")},
    ),
    kind(
        "bucket encryption",
        ("aws_s3_bucket_server_side_encryption_configuration", _BUCKET),
        ("bucket", "BucketName"),
        {
            "algorithm": (
                f"{_SSE}.sse_algorithm",
                f"{_SSE_PROPERTY}.ServerSideEncryptionByDefault.SSEAlgorithm",
            ),
            "key": (
                f"{_SSE}.kms_master_key_id",
                f"{_SSE_PROPERTY}.ServerSideEncryptionByDefault.KMSMasterKeyID",
            ),
            "bucket_key": ("rule.bucket_key_enabled", f"{_SSE_PROPERTY}.BucketKeyEnabled"),
        },
    ),
    kind(
        "bucket lifecycle",
        ("aws_s3_bucket_lifecycle_configuration", _BUCKET),
        ("bucket", "BucketName"),
        {"rules": ("rule", "LifecycleConfiguration")},
        made=("transition_default_minimum_object_size",),
        prepare=(_rules_terraform, _rules_cloudformation),
    ),
    kind(
        "bucket access log",
        ("aws_s3_bucket_logging", _BUCKET),
        ("bucket", "BucketName"),
        {
            "bucket": ("target_bucket", "LoggingConfiguration.DestinationBucketName"),
            "prefix": ("target_prefix", "LoggingConfiguration.LogFilePrefix"),
        },
    ),
    kind(
        "bucket object lock",
        ("aws_s3_bucket_object_lock_configuration", _BUCKET),
        ("bucket", "BucketName"),
        {
            name: (
                f"rule.default_retention.{name}",
                f"ObjectLockConfiguration.Rule.DefaultRetention.{camel(name)}",
            )
            for name in ("mode", "days")
        },
        made=("object_lock_enabled",),
    ),
    kind(
        "bucket notification",
        ("aws_s3_bucket_notification", _BUCKET),
        ("bucket", "BucketName"),
        {
            "queue": ("queue.queue_arn", "NotificationConfiguration.QueueConfigurations.Queue"),
            "events": ("queue.events", "NotificationConfiguration.QueueConfigurations.Event"),
            "bus": (
                "eventbridge",
                "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled",
            ),
        },
    ),
    kind(
        "bucket copies",
        ("aws_s3_bucket_replication_configuration", _BUCKET),
        ("bucket", "BucketName"),
        {
            "role": ("role", "ReplicationConfiguration.Role"),
            "status": ("rule.status", "ReplicationConfiguration.Rules.Status"),
            "markers": (
                "rule.delete_marker_replication.status",
                "ReplicationConfiguration.Rules.DeleteMarkerReplication.Status",
            ),
            "encrypted": (
                "rule.source_selection_criteria.sse_kms_encrypted_objects.status",
                "ReplicationConfiguration.Rules.SourceSelectionCriteria.SseKmsEncryptedObjects.Status",
            ),
            "bucket": (
                "rule.destination.bucket",
                "ReplicationConfiguration.Rules.Destination.Bucket",
            ),
            "class": (
                "rule.destination.storage_class",
                "ReplicationConfiguration.Rules.Destination.StorageClass",
            ),
            "key": (
                "rule.destination.encryption_configuration.replica_kms_key_id",
                "ReplicationConfiguration.Rules.Destination.EncryptionConfiguration.ReplicaKmsKeyID",
            ),
        },
    ),
    kind(
        "bucket policy",
        ("aws_s3_bucket_policy", "AWS::S3::BucketPolicy"),
        ("bucket", "Bucket"),
        {"policy": ("policy", "PolicyDocument")},
    ),
]

# ---- keys, queues, topics, secrets, state

DATA = [
    kind(
        "key",
        ("aws_kms_key", "AWS::KMS::Key"),
        ("key_id", "KeyId"),
        {
            "description": ("description", "Description"),
            "rotation": ("enable_key_rotation", "EnableKeyRotation"),
            "deletion_days": ("deletion_window_in_days", "PendingWindowInDays"),
            "policy": ("policy", "KeyPolicy"),
        },
        made=(
            "customer_master_key_spec",
            "is_enabled",
            "key_id",
            "key_usage",
            "rotation_period_in_days",
            "bypass_policy_lockout_safety_check",
        ),
    ),
    kind(
        "key alias",
        ("aws_kms_alias", "AWS::KMS::Alias"),
        ("name", "AliasName"),
        {"key": ("target_key_id", "TargetKeyId")},
        made=("target_key_arn",),
    ),
    kind(
        "queue",
        ("aws_sqs_queue", "AWS::SQS::Queue"),
        ("name", "QueueName"),
        {
            "key": ("kms_master_key_id", "KmsMasterKeyId"),
            "retention": ("message_retention_seconds", "MessageRetentionPeriod"),
            "visibility": ("visibility_timeout_seconds", "VisibilityTimeout"),
            "wait": ("receive_wait_time_seconds", "ReceiveMessageWaitTimeSeconds"),
            "redrive": ("redrive_policy", "RedrivePolicy"),
            "redrive_allow": ("redrive_allow_policy", "RedriveAllowPolicy"),
            "delay": ("delay_seconds", "DelaySeconds"),
            "largest": ("max_message_size", "MaximumMessageSize"),
            "key_reuse": ("kms_data_key_reuse_period_seconds", "KmsDataKeyReusePeriodSeconds"),
        },
        made=("url", "policy"),
        prepare=(None, lambda values: _QUEUE_DEFAULTS | values),
    ),
    kind(
        "queue policy",
        ("aws_sqs_queue_policy", "AWS::SQS::QueuePolicy"),
        ("queue_url", "Queues"),
        {"policy": ("policy", "PolicyDocument")},
        prepare=(None, lambda values: values | {"Queues": values["Queues"][0]}),
    ),
    kind(
        "topic",
        ("aws_sns_topic", "AWS::SNS::Topic"),
        ("name", "TopicName"),
        {
            "key": ("kms_master_key_id", "KmsMasterKeyId"),
            "display": ("display_name", "DisplayName"),
        },
        made=(
            "owner",
            "policy",
            "beginning_archive_time",
            "signature_version",
            "tracing_config",
            *(
                f"{protocol}_success_feedback_sample_rate"
                for protocol in ("application", "firehose", "http", "lambda", "sqs")
            ),
        ),
    ),
    kind(
        "topic policy",
        ("aws_sns_topic_policy", "AWS::SNS::TopicPolicy"),
        ("arn", "Topics"),
        {"policy": ("policy", "PolicyDocument")},
        made=("owner",),
        prepare=(None, lambda values: values | {"Topics": values["Topics"][0]}),
    ),
    kind(
        "secret",
        ("aws_secretsmanager_secret", "AWS::SecretsManager::Secret"),
        ("name", "Name"),
        {"key": ("kms_key_id", "KmsKeyId"), "description": ("description", "Description")},
        # CloudFormation has no recovery window, and its secret holds the value itself.
        made=("recovery_window_in_days", "policy", "force_overwrite_replica_secret"),
    ),
    kind(
        "secret value",
        ("aws_secretsmanager_secret_version", "AWS::SecretsManager::Secret"),
        ("secret_id", "Id"),
        {"value": ("secret_string", "SecretString")},
        made=("version_id", "version_stages", "has_secret_string_wo"),
    ),
    kind(
        "state table",
        ("aws_dynamodb_table", "AWS::DynamoDB::Table"),
        ("name", "TableName"),
        {
            "billing": ("billing_mode", "BillingMode"),
            "protection": ("deletion_protection_enabled", "DeletionProtectionEnabled"),
            "attributes": ("attribute", "AttributeDefinitions"),
            "hash_key": ("hash_key", "KeySchema.HASH"),
            "range_key": ("range_key", "KeySchema.RANGE"),
            "recovery": (
                "point_in_time_recovery.enabled",
                "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
            ),
            "encrypted": ("server_side_encryption.enabled", "SSESpecification.SSEEnabled"),
            "key": ("server_side_encryption.kms_key_arn", "SSESpecification.KMSMasterKeyId"),
            "expiry": ("ttl.attribute_name", "TimeToLiveSpecification.AttributeName"),
            "expires": ("ttl.enabled", "TimeToLiveSpecification.Enabled"),
        },
        made=("table_class", "read_capacity", "write_capacity", "stream_enabled"),
        prepare=(None, lambda values: _table(values)),
    ),
]

_QUEUE_DEFAULTS = {
    "DelaySeconds": 0,
    "KmsDataKeyReusePeriodSeconds": 300,
    "MaximumMessageSize": 262144,
    "ReceiveMessageWaitTimeSeconds": 0,
    "VisibilityTimeout": 30,
}


def _table(values: Values) -> Values:
    names = [
        {"name": found["AttributeName"], "type": found["AttributeType"]}
        for found in values["AttributeDefinitions"]
    ]
    keys = {found["KeyType"]: found["AttributeName"] for found in values["KeySchema"]}
    return values | {"AttributeDefinitions": names, "KeySchema": keys}


# ---- the lake as SQL knows it


def _input(values: Values) -> Values:
    """Lift what CloudFormation keeps in an inner `…Input` object."""
    (inner,) = [name for name in values if name.endswith("Input")]
    return {k: v for k, v in values.items() if k != inner} | values[inner]


_SERDE = (
    ("storage_descriptor.ser_de_info.{}", "StorageDescriptor.SerdeInfo.{}"),
    ("name", "parameters", "serialization_library"),
)

CATALOGUE = [
    kind(
        "database",
        ("aws_glue_catalog_database", "AWS::Glue::Database"),
        ("name", "Name"),
        each("catalog_id", "description"),
        prepare=(None, _input),
    ),
    kind(
        "table",
        ("aws_glue_catalog_table", "AWS::Glue::Table"),
        ("name", "Name"),
        each(
            "catalog_id",
            "database_name",
            "description",
            "owner",
            "parameters",
            "partition_keys",
            "table_type",
            "view_expanded_text",
            "view_original_text",
        )
        | {
            name: (f"storage_descriptor.{name}", f"StorageDescriptor.{camel(name)}")
            for name in ("location", "input_format", "output_format", "compressed", "columns")
        }
        | {
            f"serde_{name}": (_SERDE[0][0].format(name), _SERDE[0][1].format(camel(name)))
            for name in _SERDE[1]
        },
        made=("retention",),
        prepare=(None, _input),
    ),
    kind(
        "workgroup",
        ("aws_athena_workgroup", "AWS::Athena::WorkGroup"),
        ("name", "Name"),
        each("description", "state")
        | {
            setting: (f"configuration.{ours}", f"WorkGroupConfiguration.{theirs}")
            for setting, ours, theirs in (
                ("enforced", "enforce_workgroup_configuration", "EnforceWorkGroupConfiguration"),
                (
                    "metrics",
                    "publish_cloudwatch_metrics_enabled",
                    "PublishCloudWatchMetricsEnabled",
                ),
                ("cutoff", "bytes_scanned_cutoff_per_query", "BytesScannedCutoffPerQuery"),
                (
                    "engine",
                    "engine_version.selected_engine_version",
                    "EngineVersion.SelectedEngineVersion",
                ),
                (
                    "output",
                    "result_configuration.output_location",
                    "ResultConfiguration.OutputLocation",
                ),
                (
                    "owner",
                    "result_configuration.expected_bucket_owner",
                    "ResultConfiguration.ExpectedBucketOwner",
                ),
                (
                    "encryption",
                    "result_configuration.encryption_configuration.encryption_option",
                    "ResultConfiguration.EncryptionConfiguration.EncryptionOption",
                ),
                (
                    "key",
                    "result_configuration.encryption_configuration.kms_key_arn",
                    "ResultConfiguration.EncryptionConfiguration.KmsKey",
                ),
                ("requester_pays", "requester_pays_enabled", "RequesterPaysEnabled"),
            )
        },
        made=("force_destroy",),
    ),
]

# ---- functions and roles

COMPUTE = [
    kind(
        "role",
        ("aws_iam_role", "AWS::IAM::Role"),
        ("name", "RoleName"),
        {
            "description": ("description", "Description"),
            "trust": ("assume_role_policy", "AssumeRolePolicyDocument"),
            "boundary": ("permissions_boundary", "PermissionsBoundary"),
            "managed": ("managed_policy_arns", "ManagedPolicyArns"),
        },
        made=(
            "create_date",
            "max_session_duration",
            "path",
            "unique_id",
            "inline_policy",
            "force_detach_policies",
        ),
    ),
    # The inline policies of a role, put together: see `terraform_items` and `stack_items`.
    kind(
        "role rights",
        ("aws_iam_role_policy", "AWS::IAM::Role Policies"),
        ("role", "role"),
        {"rights": ("policy", "policy")},
    ),
    kind(
        "function",
        ("aws_lambda_function", "AWS::Lambda::Function"),
        ("function_name", "FunctionName"),
        each(
            "architectures",
            "description",
            "environment",
            "ephemeral_storage",
            "handler",
            "kms_key_arn",
            "logging_config",
            "memory_size",
            "role",
            "runtime",
            "timeout",
            "tracing_config",
            "layers",
        )
        | {
            "dead_letters": ("dead_letter_config", "DeadLetterConfig"),
            "reserved": ("reserved_concurrent_executions", "ReservedConcurrentExecutions"),
            "subnets": ("vpc_config.subnet_ids", "VpcConfig.SubnetIds"),
            "groups": ("vpc_config.security_group_ids", "VpcConfig.SecurityGroupIds"),
        },
        made=(
            # Where the zip lies: Terraform builds and uploads it, a stack is given it.
            "s3_bucket",
            "s3_key",
            "Code",
            "code_sha256",
            "source_code_hash",
            "source_code_size",
            "last_modified",
            "package_type",
            "publish",
            "qualified_arn",
            "qualified_invoke_arn",
            "version",
            "skip_destroy",
            "signing_job_arn",
            "signing_profile_version_arn",
        ),
        prepare=(None, lambda values: {"ReservedConcurrentExecutions": -1} | values),
    ),
    kind(
        "alias",
        ("aws_lambda_alias", "AWS::Lambda::Alias"),
        ("function_name", "FunctionName"),
        each("name", "description", "function_version"),
        made=("ProvisionedConcurrencyConfig",),
    ),
    kind(
        "calls",
        ("aws_lambda_function_event_invoke_config", "AWS::Lambda::EventInvokeConfig"),
        ("function_name", "FunctionName"),
        {
            "qualifier": ("qualifier", "Qualifier"),
            "age": ("maximum_event_age_in_seconds", "MaximumEventAgeInSeconds"),
            "retries": ("maximum_retry_attempts", "MaximumRetryAttempts"),
        },
    ),
    kind(
        "source",
        ("aws_lambda_event_source_mapping", "AWS::Lambda::EventSourceMapping"),
        ("event_source_arn", "EventSourceArn"),
        each("batch_size", "function_name", "function_response_types", "scaling_config")
        | {
            "enabled": ("enabled", "Enabled"),
            "window": (
                "maximum_batching_window_in_seconds",
                "MaximumBatchingWindowInSeconds",
            ),
        },
        made=(
            "function_arn",
            "last_modified",
            "last_processing_result",
            "maximum_record_age_in_seconds",
            "maximum_retry_attempts",
            "parallelization_factor",
            "state",
            "state_transition_reason",
            "tumbling_window_in_seconds",
            "uuid",
        ),
        prepare=(
            None,
            lambda values: {"Enabled": True, "MaximumBatchingWindowInSeconds": 0} | values,
        ),
    ),
    kind(
        "permission",
        ("aws_lambda_permission", "AWS::Lambda::Permission"),
        ("source_arn", "SourceArn"),
        each("action", "principal", "source_account")
        | {"function": ("function_name", "FunctionName")},
        made=("statement_id", "statement_id_prefix"),
        prepare=(lambda values: _qualified(values), lambda values: _short(values)),
    ),
    kind(
        "log group",
        ("aws_cloudwatch_log_group", "AWS::Logs::LogGroup"),
        ("name", "LogGroupName"),
        {"days": ("retention_in_days", "RetentionInDays"), "key": ("kms_key_id", "KmsKeyId")},
        made=("log_group_class", "skip_destroy", "name_prefix"),
    ),
]


def _qualified(values: Values) -> Values:
    """Put a permission's alias into the function's name, as CloudFormation has it."""
    if qualifier := values.pop("qualifier", None):
        values["function_name"] += f":{qualifier}"
    return values


def _short(values: Values) -> Values:
    """Leave of a function's ARN what Terraform writes: name and alias."""
    return values | {"FunctionName": values["FunctionName"].partition(":function:")[2]}


# ---- clocks and alarms


def _dimensions(values: Values) -> Values:
    """Turn CloudFormation's list of dimensions into Terraform's map; same for metric queries."""
    values = dict(values)
    if "Dimensions" in values:
        values["Dimensions"] = {d["Name"]: d["Value"] for d in values["Dimensions"]}
    queries = [dict(query) for query in values.get("Metrics", ())]
    for query in queries:
        if "MetricStat" in query:
            stat = dict(query.pop("MetricStat"))
            metric = _dimensions(stat.pop("Metric"))
            query["metric"] = {**metric, **stat}
    return values | ({"Metrics": queries} if queries else {})


CLOCKS = [
    kind(
        "schedule",
        ("aws_scheduler_schedule", "AWS::Scheduler::Schedule"),
        ("name", "Name"),
        each(
            "description",
            "group_name",
            "kms_key_arn",
            "schedule_expression",
            "state",
        )
        | {
            "window": ("flexible_time_window.mode", "FlexibleTimeWindow.Mode"),
            "target": ("target.arn", "Target.Arn"),
            "role": ("target.role_arn", "Target.RoleArn"),
            "input": ("target.input", "Target.Input"),
            "retry": ("target.retry_policy", "Target.RetryPolicy"),
            "dead_letters": ("target.dead_letter_config", "Target.DeadLetterConfig"),
        },
        made=("schedule_expression_timezone", "start_date", "end_date"),
    ),
    kind(
        "schedule group",
        ("aws_scheduler_schedule_group", "AWS::Scheduler::ScheduleGroup"),
        ("name", "Name"),
        {},
        made=("creation_date", "last_modification_date", "state"),
    ),
    kind(
        "alarm",
        ("aws_cloudwatch_metric_alarm", "AWS::CloudWatch::Alarm"),
        ("alarm_name", "AlarmName"),
        each(
            "alarm_actions",
            "alarm_description",
            "comparison_operator",
            "dimensions",
            "evaluation_periods",
            "metric_name",
            "namespace",
            "period",
            "statistic",
            "threshold",
            "treat_missing_data",
            "insufficient_data_actions",
        )
        | {
            "ok_actions": ("ok_actions", "OKActions"),
            "extended": ("extended_statistic", "ExtendedStatistic"),
            "to_alarm": ("datapoints_to_alarm", "DatapointsToAlarm"),
            "queries": ("metric_query", "Metrics"),
        },
        made=("actions_enabled", "evaluate_low_sample_count_percentiles"),
        prepare=(
            lambda values: values | {"datapoints_to_alarm": values["datapoints_to_alarm"] or None},
            _dimensions,
        ),
    ),
    kind(
        "rule",
        ("aws_cloudwatch_event_rule", "AWS::Events::Rule"),
        ("name", "Name"),
        each("description", "event_pattern"),
        made=("event_bus_name", "state", "is_enabled", "Targets"),
    ),
    kind(
        "rule target",
        ("aws_cloudwatch_event_target", "AWS::Events::Rule"),
        ("rule", "Name"),
        {
            "target": ("arn", "Targets.Arn"),
            "dead_letters": ("dead_letter_config", "Targets.DeadLetterConfig"),
        },
        made=("event_bus_name", "target_id"),
    ),
]

KINDS: list[Kind] = [*S3, *DATA, *CATALOGUE, *COMPUTE, *CLOCKS, *EDGES]
