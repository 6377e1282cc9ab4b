# Backups of the state table beyond the 35 days of its point-in-time recovery.

resource "aws_backup_vault" "this" {
  name        = var.context.name
  kms_key_arn = var.kms_key_arn
}

resource "aws_backup_plan" "this" {
  name = var.context.name

  rule {
    rule_name         = "state"
    target_vault_name = aws_backup_vault.this.name
    schedule          = var.schedule

    lifecycle {
      delete_after = var.retention_days
    }
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = "${var.context.name}-backup"
  description          = "Lets AWS Backup copy and restore the state table"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.context.permissions_boundary_arn
}

# What AWS Backup needs differs by service and grows; AWS keeps these two policies.
resource "aws_iam_role_policy_attachment" "this" {
  for_each = toset(["AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores"])

  role       = aws_iam_role.this.name
  policy_arn = "arn:${var.context.partition}:iam::aws:policy/service-role/${each.value}"
}

resource "aws_backup_selection" "this" {
  name         = "state"
  plan_id      = aws_backup_plan.this.id
  iam_role_arn = aws_iam_role.this.arn
  resources    = [var.context.state_table_arn]
}
