# The bucket and the table in which Terraform keeps and locks the state of everything else. Its own
# state is a local file: it can be imported again from two names.

provider "aws" {
  region = var.aws_region

  default_tags {
    tags = { Project = "mantissa-log", ManagedBy = "terraform" }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  bucket     = "${var.project_prefix}-tfstate-${local.account_id}-${var.aws_region}"
}

# A state holds what the variables held, secrets too: it has a key of its own.
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
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }
}

resource "aws_kms_key" "state" {
  description             = "${var.project_prefix}: Terraform state"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "state" {
  name          = "alias/${var.project_prefix}-tfstate"
  target_key_id = aws_kms_key.state.key_id
}

module "bucket" {
  source = "../modules/bucket"

  name            = local.bucket
  arn             = "arn:${local.partition}:s3:::${local.bucket}"
  kms_key_arn     = aws_kms_key.state.arn
  access_logs     = false
  noncurrent_days = var.noncurrent_days
  force_destroy   = var.force_destroy
}

resource "aws_dynamodb_table" "lock" {
  name                        = "${var.project_prefix}-tfstate-lock"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "LockID"
  deletion_protection_enabled = !var.force_destroy

  attribute {
    name = "LockID"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.state.arn
  }
}
