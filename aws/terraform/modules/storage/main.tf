# Where everything lies: logs as they came (raw), the lake, results of queries, access logs, state.

locals {
  # Infrequent access only where an object outlives its 30 days minimum there.
  infrequent_days = var.retention.logs > var.infrequent_days + 30 ? var.infrequent_days : null

  # Settings, specifications and artefacts are small and needed as long as the lake is: no rule.
  lake_data = ["lake/", "quarantine/", "manifest/", "runs/"]

  buckets = {
    raw = {
      key              = "raw"
      policy_documents = [data.aws_iam_policy_document.delivery.json]
      lifecycle_rules = {
        logs = { prefix = "", infrequent_days = local.infrequent_days, expire_days = var.retention.logs }
      }
    }
    lake = {
      key              = "lake"
      policy_documents = [data.aws_iam_policy_document.write_once.json]
      lifecycle_rules = {
        for prefix in local.lake_data :
        trimsuffix(prefix, "/") => { prefix = prefix, infrequent_days = local.infrequent_days, expire_days = var.retention.logs }
      }
    }
    results = {
      key              = "lake"
      policy_documents = []
      lifecycle_rules  = { results = { prefix = "", infrequent_days = null, expire_days = var.retention.results } }
    }
  }
}

module "logs" {
  source = "../bucket"

  name          = var.context.buckets.logs
  arn           = var.context.bucket_arns.logs
  customer_key  = false
  access_logs   = false
  force_destroy = var.force_destroy

  policy_documents = [data.aws_iam_policy_document.access_logs.json]
  noncurrent_days  = var.retention.noncurrent
  lifecycle_rules  = { access = { expire_days = var.retention.access } }
}

module "bucket" {
  source   = "../bucket"
  for_each = local.buckets

  name             = var.context.buckets[each.key]
  arn              = var.context.bucket_arns[each.key]
  kms_key_arn      = var.key_arns[each.value.key]
  policy_documents = each.value.policy_documents
  lifecycle_rules  = each.value.lifecycle_rules
  noncurrent_days  = var.retention.noncurrent
  log_bucket       = module.logs.name
  force_destroy    = var.force_destroy
}

resource "aws_dynamodb_table" "state" {
  name                        = var.context.state_table
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.key_arns.state
  }
}
