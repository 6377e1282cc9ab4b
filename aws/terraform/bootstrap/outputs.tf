output "state_bucket" {
  description = "Bucket of the states."
  value       = module.bucket.name
}

output "lock_table" {
  description = "Table of the locks."
  value       = aws_dynamodb_table.lock.name
}

output "key_arn" {
  description = "Customer key of the states."
  value       = aws_kms_key.state.arn
}
