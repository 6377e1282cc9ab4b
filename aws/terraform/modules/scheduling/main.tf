# What calls the functions by the clock. A call that cannot be made ends in a queue with an alarm.

locals {
  group_arn = "arn:${var.context.partition}:scheduler:${var.context.region}:${var.context.account_id}:schedule-group/${var.context.name}"
}

resource "aws_scheduler_schedule_group" "this" {
  name = var.context.name
}

resource "aws_sqs_queue" "dead" {
  name                      = var.context.schedule_dlq
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 1209600
}

data "aws_iam_policy_document" "dead" {
  statement {
    sid       = "RefusePlainHttp"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [var.context.schedule_dlq_arn]

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

resource "aws_sqs_queue_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id
  policy    = data.aws_iam_policy_document.dead.json
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.group_arn]
    }
  }
}

data "aws_iam_policy_document" "call" {
  statement {
    sid       = "Call"
    actions   = ["lambda:InvokeFunction"]
    resources = [for function in sort(keys(var.schedules)) : "${var.context.function_arns[function]}:live"]
  }

  statement {
    sid       = "KeepMissedCalls"
    actions   = ["sqs:SendMessage"]
    resources = [var.context.schedule_dlq_arn]
  }
}

# The schedules and their queue are encrypted; a key's ARN is known once it exists.
data "aws_iam_policy_document" "keys" {
  statement {
    sid       = "Keys"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}

resource "aws_iam_role" "this" {
  name                 = "${var.context.name}-scheduler"
  description          = "Lets EventBridge Scheduler call the functions"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.context.permissions_boundary_arn
}

resource "aws_iam_role_policy" "call" {
  name   = "call"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.call.json
}

resource "aws_iam_role_policy" "keys" {
  name   = "keys"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.keys.json
}

resource "aws_scheduler_schedule" "this" {
  for_each = var.schedules

  name                = each.key
  group_name          = aws_scheduler_schedule_group.this.name
  description         = "Calls ${each.key}: ${each.value.rate}"
  schedule_expression = each.value.rate
  state               = each.value.enabled ? "ENABLED" : "DISABLED"
  kms_key_arn         = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.function_arns[each.key]
    role_arn = aws_iam_role.this.arn

    # Scheduler puts the slot in: the same slot called twice is the same run. jsonencode escapes < and >.
    input = replace(replace(jsonencode({ schedule = each.key, time = "<aws.scheduler.scheduled-time>" }), "\\u003c", "<"), "\\u003e", ">")

    retry_policy {
      maximum_event_age_in_seconds = each.value.max_seconds
      maximum_retry_attempts       = 10
    }

    dead_letter_config {
      arn = aws_sqs_queue.dead.arn
    }
  }

  depends_on = [aws_iam_role_policy.call, aws_iam_role_policy.keys]
}

resource "aws_cloudwatch_metric_alarm" "dead" {
  alarm_name          = "${var.context.schedule_dlq}-not-empty"
  alarm_description   = "A schedule could not call its function; the call waits in ${var.context.schedule_dlq}."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}
