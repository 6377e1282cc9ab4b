output "role_arns" {
  description = "Account id → role that it assumes to forward logs."
  value       = { for account, role in aws_iam_role.this : account => role.arn }
}

output "policies" {
  description = "Account id → what its role may do, as JSON."
  value       = { for account, document in data.aws_iam_policy_document.put : account => document.json }
}
