# What tells people that the lake is not well: one topic, alarms on its promises, a dashboard.

locals {
  # Alarms on what the functions count themselves (namespace Mantissa, dimension service).
  promises = {
    rules-failed = {
      service     = "detect"
      metric      = "RulesFailed"
      threshold   = 0
      periods     = 2
      description = "Rules failed to run: a rule that fails finds nothing. See `mantissa doctor --aws`."
    }
    messages-dead = {
      service     = "alert"
      metric      = "MessagesDead"
      threshold   = 0
      periods     = 1
      description = "An alert could not be delivered for good."
    }
    messages-waiting = {
      service     = "alert"
      metric      = "MessagesWaiting"
      threshold   = 100
      periods     = 3
      description = "More than 100 messages wait for a destination."
    }
    objects-missed = {
      service     = "sweep"
      metric      = "ObjectsMissed"
      threshold   = 0
      periods     = 1
      description = "Raw objects came without a notification; the sweep sent them on. Look at the raw bucket's notifications."
    }
  }
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "AlarmsSpeak"
    actions   = ["sns:Publish"]
    resources = [var.context.alarm_topic_arn]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }
  }

  statement {
    sid       = "RefusePlainHttp"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [var.context.alarm_topic_arn]

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

resource "aws_sns_topic" "alarms" {
  name              = var.context.alarm_topic
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.topic.json
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_metric_alarm" "promise" {
  for_each = local.promises

  alarm_name          = "${var.context.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "Mantissa"
  metric_name         = each.value.metric
  dimensions          = { service = each.value.service }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = each.value.periods
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# A clock that stopped is the quietest failure: no run, no error, no finding.
resource "aws_cloudwatch_metric_alarm" "silent" {
  alarm_name          = "${var.context.name}-detection-silent"
  alarm_description   = "Detection has not run for an hour: look at the schedule and at ${var.context.schedule_dlq}."
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = var.context.functions.detect }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_budgets_budget" "this" {
  count = var.budget == null ? 0 : 1

  name         = var.context.name
  budget_type  = "COST"
  limit_amount = tostring(var.budget)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  # The tags of this deployment, once they are activated as cost allocation tags.
  cost_filter {
    name   = "TagKeyValue"
    values = [join("$", ["user:Environment", var.context.environment])]
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      notification_type         = notification.key
      subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
    }
  }
}
