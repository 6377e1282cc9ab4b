# How an object in the raw bucket becomes a message, and the queues that wake detection and delivery.

locals {
  rule_name = "${var.context.name}-raw-objects"
  rule_arn  = "arn:${var.context.partition}:events:${var.context.region}:${var.context.account_id}:rule/${local.rule_name}"

  queues = {
    ingest = {
      policy_documents      = [data.aws_iam_policy_document.announce.json]
      dead_policy_documents = var.notify == "eventbridge" ? [data.aws_iam_policy_document.rule["dead"].json] : []
      max_age_seconds       = 900
    }
    detect = { policy_documents = [], dead_policy_documents = [], max_age_seconds = 900 }
    alert  = { policy_documents = [], dead_policy_documents = [], max_age_seconds = 300 }
  }
}

data "aws_iam_policy_document" "announce" {
  statement {
    sid       = "BucketsAnnounce"
    actions   = ["sqs:SendMessage"]
    resources = [var.context.queue_arns.ingest]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = concat([var.context.bucket_arns.raw], var.additional_raw_bucket_arns)
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }
  }

  source_policy_documents = var.notify == "eventbridge" ? [data.aws_iam_policy_document.rule["ingest"].json] : []
}

# The rule sends to the queue, and what it cannot send there to the dead-letter queue.
data "aws_iam_policy_document" "rule" {
  for_each = { ingest = var.context.queue_arns.ingest, dead = "${var.context.queue_arns.ingest}-dlq" }

  statement {
    sid       = "RuleAnnounces"
    actions   = ["sqs:SendMessage"]
    resources = [each.value]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.rule_arn]
    }
  }
}

module "queue" {
  source   = "../queue"
  for_each = local.queues

  name               = var.context.queues[each.key]
  arn                = var.context.queue_arns[each.key]
  kms_key_arn        = var.kms_key_arn
  visibility_seconds = 6 * var.function_timeouts[each.key]
  policy_documents   = each.value.policy_documents

  dead_policy_documents = each.value.dead_policy_documents
  max_age_seconds       = each.value.max_age_seconds
  alarm_topic_arn       = var.alarm_topic_arn
}

resource "aws_s3_bucket_notification" "raw" {
  bucket      = var.raw_bucket
  eventbridge = var.notify == "eventbridge"

  dynamic "queue" {
    for_each = var.notify == "sqs" ? ["ingest"] : []

    content {
      id        = "ingest"
      queue_arn = var.context.queue_arns.ingest
      events    = ["s3:ObjectCreated:*"]
    }
  }

  # S3 sends a test message when this is set, so queue and policy must stand.
  depends_on = [module.queue]
}

resource "aws_cloudwatch_event_rule" "raw" {
  count = var.notify == "eventbridge" ? 1 : 0

  name        = local.rule_name
  description = "New objects in the raw bucket"

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail      = { bucket = { name = [var.context.buckets.raw] } }
  })
}

resource "aws_cloudwatch_event_target" "raw" {
  count = var.notify == "eventbridge" ? 1 : 0

  rule = aws_cloudwatch_event_rule.raw[0].name
  arn  = module.queue["ingest"].arn

  dead_letter_config {
    arn = module.queue["ingest"].dlq_arn
  }
}
