# What may be written where, beyond what every bucket refuses.

locals {
  delivery_services = ["cloudtrail.amazonaws.com", "delivery.logs.amazonaws.com", "guardduty.amazonaws.com"]
  deliverers = merge(
    { Accounts = { variable = "aws:SourceAccount", values = distinct(concat([var.context.account_id], var.delivery_account_ids)) } },
    var.organisation_id == null ? {} : { Organisation = { variable = "aws:SourceOrgID", values = [var.organisation_id] } },
  )
}

# CloudTrail, VPC flow logs and GuardDuty write as AWS services; the condition says for whom.
data "aws_iam_policy_document" "delivery" {
  dynamic "statement" {
    for_each = local.deliverers

    content {
      sid       = "DeliveryLooks${statement.key}"
      actions   = ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:ListBucket"]
      resources = [var.context.bucket_arns.raw]

      principals {
        type        = "Service"
        identifiers = local.delivery_services
      }

      condition {
        test     = "StringEquals"
        variable = statement.value.variable
        values   = statement.value.values
      }
    }
  }

  dynamic "statement" {
    for_each = local.deliverers

    content {
      sid       = "DeliveryWrites${statement.key}"
      actions   = ["s3:PutObject"]
      resources = ["${var.context.bucket_arns.raw}/AWSLogs/*"]

      principals {
        type        = "Service"
        identifiers = local.delivery_services
      }

      condition {
        test     = "StringEquals"
        variable = statement.value.variable
        values   = statement.value.values
      }
    }
  }
}

# What is in the lake is never overwritten: a write that does not say If-None-Match is refused. The
# steps of a multipart upload carry no such header; the one that completes it does.
data "aws_iam_policy_document" "write_once" {
  statement {
    sid       = "RefuseOverwriting"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = [for prefix in concat(local.lake_data, ["specs/"]) : "${var.context.bucket_arns.lake}/${prefix}*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:if-none-match"
      values   = ["true"]
    }

    condition {
      test     = "Bool"
      variable = "s3:ObjectCreationOperation"
      values   = ["true"]
    }
  }
}

data "aws_iam_policy_document" "access_logs" {
  statement {
    sid       = "AccessLogsOfOurBuckets"
    actions   = ["s3:PutObject"]
    resources = ["${var.context.bucket_arns.logs}/s3/*"]

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = values(var.context.bucket_arns)
    }
  }
}
