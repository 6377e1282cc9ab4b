# Records that nobody can change, and a trail of who touched the lake.

locals {
  trail_name = "${var.context.name}-platform"
  trail_arn  = "arn:${var.context.partition}:cloudtrail:${var.context.region}:${var.context.account_id}:trail/${local.trail_name}"
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "RefuseToUnlock"
    effect    = "Deny"
    actions   = ["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold", "s3:PutObjectRetention"]
    resources = ["${var.context.bucket_arns.audit}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  dynamic "statement" {
    for_each = var.trail ? ["trail"] : []

    content {
      sid       = "TrailLooks"
      actions   = ["s3:GetBucketAcl"]
      resources = [var.context.bucket_arns.audit]

      principals {
        type        = "Service"
        identifiers = ["cloudtrail.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = [local.trail_arn]
      }
    }
  }

  dynamic "statement" {
    for_each = var.trail ? ["trail"] : []

    content {
      sid       = "TrailWrites"
      actions   = ["s3:PutObject"]
      resources = ["${var.context.bucket_arns.audit}/AWSLogs/${var.context.account_id}/*"]

      principals {
        type        = "Service"
        identifiers = ["cloudtrail.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = [local.trail_arn]
      }
    }
  }
}

module "bucket" {
  source = "../bucket"

  name             = var.context.buckets.audit
  arn              = var.context.bucket_arns.audit
  kms_key_arn      = var.kms_key_arn
  policy_documents = [data.aws_iam_policy_document.bucket.json]
  log_bucket       = var.log_bucket
  object_lock      = var.object_lock
  noncurrent_days  = var.object_lock.days
  force_destroy    = var.force_destroy
}

# The audit bucket itself is not watched: each delivery would be an event of the next. Its access
# logs say who was there.
resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_252:the account's own trail is what notifies; this one is evidence
  #checkov:skip=CKV2_AWS_10:events go to a bucket under object lock; CloudWatch would be a copy that can be changed
  count = var.trail ? 1 : 0

  name                       = local.trail_name
  s3_bucket_name             = module.bucket.name
  kms_key_id                 = var.kms_key_arn
  enable_log_file_validation = true
  is_multi_region_trail      = true

  advanced_event_selector {
    name = "Who touched the lake"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }

    field_selector {
      field       = "resources.ARN"
      starts_with = ["${var.context.bucket_arns.lake}/"]
    }
  }
}
