output "key_arns" {
  description = "Key of each data class: raw, lake, state, secrets, logs, audit."
  value       = { for class, key in aws_kms_key.this : class => key.arn }
}

output "policies" {
  description = "Policy of each key as JSON."
  value       = { for class, document in data.aws_iam_policy_document.key : class => document.json }
}
