# One function as every function here is: own role, own log group, alarms, queue of failed calls,
# tracing, a published version for each change, and the alias `live` that callers use.

locals {
  log_group  = "/aws/lambda/${var.name}"
  log_arn    = "${var.context.log_group_prefix}${local.log_group}"
  failed     = "${var.name}-failed"
  failed_arn = "arn:${var.context.partition}:sqs:${var.context.region}:${var.context.account_id}:${local.failed}"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }
  }
}

# What Lambda itself does in the name of the function; the code's own rights are in `service`.
data "aws_iam_policy_document" "platform" {
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_arn}:log-stream:*"]
  }

  statement {
    sid       = "KeepFailedCalls"
    actions   = ["sqs:SendMessage"]
    resources = [local.failed_arn]
  }

  statement {
    # X-Ray has no resources to name (service authorization reference: PutTraceSegments).
    sid       = "Trace"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = var.vpc == null ? [] : ["vpc"]

    content {
      # Lambda makes and removes the network interfaces before it knows their names.
      sid = "Network"
      actions = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
      ]
      resources = ["*"]
    }
  }
}

# The ARN of a key is known once it exists, so these rights stand apart: the rest can be read in a plan.
data "aws_iam_policy_document" "keys" {
  dynamic "statement" {
    for_each = length(var.key_arns.decrypt) > 0 ? [var.key_arns.decrypt] : []

    content {
      sid       = "Read"
      actions   = ["kms:Decrypt"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(var.key_arns.encrypt) > 0 ? [var.key_arns.encrypt] : []

    content {
      sid       = "Write"
      actions   = ["kms:GenerateDataKey"]
      resources = statement.value
    }
  }

  # The queue of failed calls is encrypted, and Lambda writes to it in the name of the function.
  statement {
    sid       = "LambdaKeepsFailedCalls"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.state_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${var.context.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "Role of the function ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.context.permissions_boundary_arn
}

resource "aws_iam_role_policy" "platform" {
  name   = "platform"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.platform.json
}

resource "aws_iam_role_policy" "service" {
  name   = "service"
  role   = aws_iam_role.this.id
  policy = var.policy
}

resource "aws_iam_role_policy" "keys" {
  name   = "keys"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.keys.json
}

resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

resource "aws_sqs_queue" "failed" {
  name                      = local.failed
  kms_master_key_id         = var.state_key_arn
  message_retention_seconds = 1209600
}

data "aws_iam_policy_document" "failed" {
  statement {
    sid       = "RefusePlainHttp"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.failed_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "failed" {
  queue_url = aws_sqs_queue.failed.id
  policy    = data.aws_iam_policy_document.failed.json
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_117:a VPC is a choice of the user (variable `network`); without one there is no private resource to reach
  #checkov:skip=CKV_AWS_115:concurrency is reserved where a second run must not overlap; elsewhere the event source bounds it, and reserving would take from the account
  #checkov:skip=CKV_AWS_272:code signing needs a signing profile of the account; artefacts are reproducible and named by the hash of what they are built from
  function_name                  = var.name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  handler                        = var.handler
  runtime                        = var.runtime
  architectures                  = [var.architecture]
  s3_bucket                      = var.artefact.bucket
  s3_key                         = var.artefact.key
  memory_size                    = var.size.memory
  timeout                        = var.size.timeout
  reserved_concurrent_executions = coalesce(var.concurrency.reserved, -1)
  publish                        = true
  kms_key_arn                    = var.state_key_arn

  environment {
    variables = merge(var.environment, { LOG_LEVEL = var.log_level })
  }

  ephemeral_storage {
    size = var.size.scratch
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.failed.arn
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # The first call may come before the role may do anything.
  depends_on = [aws_iam_role_policy.platform, aws_iam_role_policy.service, aws_iam_role_policy.keys]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "What callers use; set live_version to roll back"
  function_name    = aws_lambda_function.this.function_name
  function_version = coalesce(var.live_version, aws_lambda_function.this.version)
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  count = var.concurrency.provisioned > 0 ? 1 : 0

  function_name                     = aws_lambda_function.this.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = var.concurrency.provisioned
}

resource "aws_lambda_function_event_invoke_config" "live" {
  function_name                = aws_lambda_function.this.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_retry_attempts       = var.calls.retries
  maximum_event_age_in_seconds = var.calls.max_seconds
}
