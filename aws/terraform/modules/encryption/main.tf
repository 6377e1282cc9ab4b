# One customer key per class of data, so that access to a class can be taken away, and audited, alone.

locals {
  # class → what it encrypts, and which AWS services use it in the name of whom
  classes = {
    raw = {
      description = "logs as they were delivered"
      services    = ["cloudtrail.${local.dns}", "delivery.logs.${local.dns}", "guardduty.${local.dns}"]
    }
    lake = {
      description = "the lake, query results and artefacts"
      services    = []
    }
    state = {
      description = "state table, queues and alarms"
      # S3 sends to the ingest queue, alarms and budgets to the topic, EventBridge to both kinds.
      services = ["s3.${local.dns}", "cloudwatch.${local.dns}", "events.${local.dns}", "scheduler.${local.dns}", "budgets.${local.dns}", "sns.${local.dns}"]
    }
    secrets = {
      description = "credentials of destinations"
      services    = []
    }
    logs = {
      description = "logs of the platform itself"
      services    = ["logs.${var.context.region}.${local.dns}"]
    }
    audit = {
      description = "audit records under object lock"
      services    = ["cloudtrail.${local.dns}"]
    }
  }

  dns  = "amazonaws.com"
  root = "arn:${var.context.partition}:iam::${var.context.account_id}:root"
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_356:in a key policy "*" means this key, whose ARN is not known before it exists
  #checkov:skip=CKV_AWS_111:see CKV_AWS_356
  #checkov:skip=CKV_AWS_109:giving the account the key is how IAM gets to decide; without it a key nobody named is lost
  for_each = local.classes

  statement {
    sid       = "AccountDecidesByIam"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.root]
    }
  }

  dynamic "statement" {
    for_each = length(each.value.services) > 0 ? [each.value.services] : []

    content {
      sid       = "ServicesOfTheseAccounts"
      actions   = each.key == "logs" ? ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"] : ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = statement.value
      }

      # Log groups say who they are in the encryption context; every other service in aws:SourceAccount.
      condition {
        test     = each.key == "logs" ? "ArnLike" : "StringEquals"
        variable = each.key == "logs" ? "kms:EncryptionContext:aws:logs:arn" : "aws:SourceAccount"
        values = (
          each.key == "logs" ? ["arn:${var.context.partition}:logs:${var.context.region}:${var.context.account_id}:log-group:*"] :
          each.key == "raw" ? distinct(concat([var.context.account_id], var.delivery_account_ids)) :
          [var.context.account_id]
        )
      }
    }
  }

  dynamic "statement" {
    for_each = each.key == "raw" && var.organisation_id != null ? [var.organisation_id] : []

    content {
      sid       = "ServicesOfTheOrganisation"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = each.value.services
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceOrgID"
        values   = [statement.value]
      }
    }
  }
}

resource "aws_kms_key" "this" {
  for_each = local.classes

  description             = "${var.context.name}: ${each.value.description}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days
  policy                  = data.aws_iam_policy_document.key[each.key].json
}

resource "aws_kms_alias" "this" {
  for_each = local.classes

  name          = "alias/${var.context.name}-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}
