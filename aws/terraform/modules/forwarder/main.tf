# A role for each other account that ships logs itself: it may add objects below its own prefix, no more.

data "aws_iam_policy_document" "trust" {
  for_each = var.forwarders

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [coalesce(each.value.principal_arn, "arn:${var.context.partition}:iam::${each.key}:root")]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [each.value.external_id]
    }
  }
}

data "aws_iam_policy_document" "put" {
  for_each = var.forwarders

  statement {
    sid       = "AddLogs"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = ["${var.context.bucket_arns.raw}/forwarded/${each.key}/*"]
  }
}

# Decrypt is what S3 needs to put the parts of a large upload together.
data "aws_iam_policy_document" "keys" {
  statement {
    sid       = "Encrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}

resource "aws_iam_role" "this" {
  for_each = var.forwarders

  name                 = "${var.context.name}-forwarder-${each.key}"
  description          = "Lets account ${each.key} add logs below forwarded/${each.key}/"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  permissions_boundary = var.context.permissions_boundary_arn
}

resource "aws_iam_role_policy" "put" {
  for_each = var.forwarders

  name   = "put"
  role   = aws_iam_role.this[each.key].id
  policy = data.aws_iam_policy_document.put[each.key].json
}

resource "aws_iam_role_policy" "keys" {
  for_each = var.forwarders

  name   = "keys"
  role   = aws_iam_role.this[each.key].id
  policy = data.aws_iam_policy_document.keys.json
}
