# Credentials of destinations, encrypted with their own key.

locals {
  # The names are no secret, the values are.
  names = toset([for name in nonsensitive(keys(var.values)) : name if nonsensitive(var.values[name] != null)])
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:Slack and PagerDuty have no call that makes a new credential; the function reads a new value within its cache's minutes
  for_each = local.names

  name                    = "${var.context.secret_prefix}${each.value}"
  description             = "Mantissa Log: credential of the destination ${each.value}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

resource "aws_secretsmanager_secret_version" "this" {
  for_each = local.names

  secret_id     = aws_secretsmanager_secret.this[each.value].id
  secret_string = var.values[each.value]
}
