output "buckets" {
  description = "Bucket of each purpose: raw, lake, results, logs."
  value       = merge({ for purpose, bucket in module.bucket : purpose => bucket.name }, { logs = module.logs.name })
}

output "state_table" {
  description = "Name of the state table."
  value       = aws_dynamodb_table.state.name
}

output "state_table_arn" {
  description = "ARN of the state table."
  value       = aws_dynamodb_table.state.arn
}

output "policies" {
  description = "Policy of each bucket as JSON."
  value       = merge({ for purpose, bucket in module.bucket : purpose => bucket.policy }, { logs = module.logs.policy })
}
