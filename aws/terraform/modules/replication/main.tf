# Copies of the raw and lake buckets in another region. Deletions are not copied: what expires there,
# expires by its own lifecycle.

locals {
  purposes = toset(["raw", "lake"])
  copies = {
    for purpose in local.purposes :
    purpose => "${var.context.name}-${purpose}-copy-${var.context.account_id}-${var.region}"
  }
  copy_arns = { for purpose, bucket in local.copies : purpose => "arn:${var.context.partition}:s3:::${bucket}" }
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_356:in a key policy "*" means this key, whose ARN is not known before it exists
  #checkov:skip=CKV_AWS_111:see CKV_AWS_356
  #checkov:skip=CKV_AWS_109:giving the account the key is how IAM gets to decide; without it a key nobody named is lost
  statement {
    sid       = "AccountDecidesByIam"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${var.context.partition}:iam::${var.context.account_id}:root"]
    }
  }
}

resource "aws_kms_key" "copy" {
  provider = aws.replica

  description             = "${var.context.name}: copies of logs and rows"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days
  policy                  = data.aws_iam_policy_document.key.json
}

module "bucket" {
  source   = "../bucket"
  for_each = local.purposes

  providers = {
    aws = aws.replica
  }

  name            = local.copies[each.key]
  arn             = local.copy_arns[each.key]
  kms_key_arn     = aws_kms_key.copy.arn
  access_logs     = false
  force_destroy   = var.force_destroy
  lifecycle_rules = { copies = { infrequent_days = var.retention_days > 60 ? 30 : null, expire_days = var.retention_days } }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }
  }
}

data "aws_iam_policy_document" "copy" {
  statement {
    sid       = "Look"
    actions   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    resources = [for purpose in local.purposes : var.context.bucket_arns[purpose]]
  }

  statement {
    sid       = "Read"
    actions   = ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"]
    resources = [for purpose in local.purposes : "${var.context.bucket_arns[purpose]}/*"]
  }

  statement {
    sid       = "Write"
    actions   = ["s3:ReplicateObject", "s3:ReplicateTags"]
    resources = [for purpose in local.purposes : "${local.copy_arns[purpose]}/*"]
  }
}

data "aws_iam_policy_document" "keys" {
  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [for purpose in local.purposes : var.key_arns[purpose]]
  }

  statement {
    sid       = "Encrypt"
    actions   = ["kms:Encrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.copy.arn]
  }
}

resource "aws_iam_role" "this" {
  name                 = "${var.context.name}-replication"
  description          = "Lets S3 copy logs and rows to ${var.region}"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.context.permissions_boundary_arn
}

resource "aws_iam_role_policy" "copy" {
  name   = "copy"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.copy.json
}

resource "aws_iam_role_policy" "keys" {
  name   = "keys"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.keys.json
}

resource "aws_s3_bucket_replication_configuration" "this" {
  for_each = local.purposes

  bucket = var.buckets[each.key]
  role   = aws_iam_role.this.arn

  rule {
    id     = "copy"
    status = "Enabled"

    filter {
      prefix = ""
    }

    delete_marker_replication {
      status = "Disabled"
    }

    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }

    destination {
      bucket        = module.bucket[each.key].arn
      storage_class = "STANDARD_IA"

      encryption_configuration {
        replica_kms_key_id = aws_kms_key.copy.arn
      }
    }
  }
}
