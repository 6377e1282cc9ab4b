# Single modules, planned alone: what every key, bucket, queue, function and user pool is like.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  context = {
    name                     = "mantissa-test"
    environment              = "test"
    account_id               = "123456789012"
    partition                = "aws"
    region                   = "eu-west-1"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/bound"
    log_group_prefix         = "arn:aws:logs:eu-west-1:123456789012:log-group:"
    database                 = "mantissa_test"
    workgroups               = { detection = "mantissa-test-detection", interactive = "mantissa-test-interactive" }
  }
}

run "keys" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  variables {
    deletion_window_days = 30
    delivery_account_ids = []
  }

  assert {
    condition     = sort(keys(aws_kms_key.this)) == tolist(["audit", "lake", "logs", "raw", "secrets", "state"])
    error_message = "A class of data has no key of its own."
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation])
    error_message = "A key does not rotate."
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(output.policies) : [
        for statement in jsondecode(policy).Statement : can(statement.Condition) if can(statement.Principal.Service)
      ]
    ]))
    error_message = "A service may use a key for anybody."
  }
}

run "bucket" {
  command = plan

  module {
    source = "./modules/bucket"
  }

  variables {
    name            = "mantissa-test-raw"
    arn             = "arn:aws:s3:::mantissa-test-raw"
    kms_key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/1"
    log_bucket      = "mantissa-test-logs"
    lifecycle_rules = { logs = { infrequent_days = 30, expire_days = 365 } }
    object_lock     = { mode = "COMPLIANCE", days = 365 }
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "The bucket can be made public."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Replaced objects are lost."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    ])
    error_message = "The bucket is not encrypted with the customer's key."
  }

  assert {
    condition = anytrue([
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule :
      try(rule.expiration[0].days == 365 && one(rule.transition[*].days) == 30 && one(rule.transition[*].storage_class) == "STANDARD_IA", false)
    ])
    error_message = "Logs do not move to the cheaper class after 30 days and go after 365."
  }

  assert {
    condition     = aws_s3_bucket_object_lock_configuration.this[0].rule[0].default_retention[0].mode == "COMPLIANCE"
    error_message = "The bucket is not locked."
  }

  assert {
    condition     = aws_s3_bucket_logging.this[0].target_prefix == "s3/mantissa-test-raw/"
    error_message = "Requests are not logged."
  }
}

run "queue" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    name               = "mantissa-test-ingest"
    arn                = "arn:aws:sqs:eu-west-1:123456789012:mantissa-test-ingest"
    kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/1"
    visibility_seconds = 1800
    alarm_topic_arn    = "arn:aws:sns:eu-west-1:123456789012:alarms"
  }

  assert {
    condition     = aws_sqs_queue.this.message_retention_seconds == 1209600 && aws_sqs_queue.dead.message_retention_seconds == 1209600
    error_message = "A message is lost before the 14 days that SQS keeps it."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.dead.redrive_allow_policy).sourceQueueArns == ["arn:aws:sqs:eu-west-1:123456789012:mantissa-test-ingest"]
    error_message = "Dead letters cannot be sent back, or others land among them."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.dead.threshold == 0 && length(aws_cloudwatch_metric_alarm.dead.alarm_actions) == 1
    error_message = "A dead letter raises no alarm."
  }
}

run "function" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    name               = "mantissa-test-detect"
    description        = "test"
    handler            = "mantissa.entrypoints.lambdas.detect.handler"
    runtime            = "python3.13"
    architecture       = "arm64"
    artefact           = { bucket = "b", key = "k" }
    environment        = { ONE = "1" }
    policy             = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    key_arns           = { decrypt = ["arn:aws:kms:eu-west-1:123456789012:key/1"], encrypt = [] }
    log_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/2"
    state_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/3"
    log_retention_days = 365
    log_level          = "INFO"
    size               = { memory = 512, timeout = 60 }
    concurrency        = { reserved = 1, provisioned = 2 }
    live_version       = "7"
    alarm_topic_arn    = "arn:aws:sns:eu-west-1:123456789012:alarms"
  }

  assert {
    condition     = aws_lambda_alias.live.function_version == "7"
    error_message = "live_version does not roll back."
  }

  assert {
    condition     = aws_lambda_function.this.publish && aws_lambda_function.this.tracing_config[0].mode == "Active" && aws_lambda_function.this.reserved_concurrent_executions == 1
    error_message = "The function is not published, traced or limited."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 365 && aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/2"
    error_message = "The function's log is kept for ever, or in the clear."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/bound"
    error_message = "The role is not bounded."
  }

  assert {
    condition     = aws_lambda_provisioned_concurrency_config.live[0].provisioned_concurrent_executions == 2
    error_message = "The alias is not kept warm."
  }
}

run "people" {
  command = plan

  module {
    source = "./modules/auth"
  }

  variables {
    domain_prefix       = "mantissa-test"
    callback_urls       = ["https://example.com"]
    mfa                 = "ON"
    threat_protection   = "ENFORCED"
    token_minutes       = 60
    deletion_protection = true
  }

  assert {
    condition     = aws_cognito_user_pool.this.mfa_configuration == "ON" && aws_cognito_user_pool.this.admin_create_user_config[0].allow_admin_create_user_only
    error_message = "People sign up alone or without a second factor."
  }

  assert {
    condition     = aws_cognito_user_pool.this.password_policy[0].minimum_length >= 14 && aws_cognito_user_pool.this.password_policy[0].require_symbols
    error_message = "Passwords are weak."
  }

  assert {
    condition     = sort(keys(aws_cognito_user_group.this)) == tolist(["admin", "analyst", "viewer"])
    error_message = "The groups are not viewer, analyst and admin."
  }

  assert {
    condition     = !aws_cognito_user_pool_client.this.generate_secret && !contains(aws_cognito_user_pool_client.this.explicit_auth_flows, "ALLOW_USER_PASSWORD_AUTH")
    error_message = "The client keeps a secret, or sends passwords."
  }
}
