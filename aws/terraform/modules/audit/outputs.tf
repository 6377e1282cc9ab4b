output "bucket" {
  description = "Bucket of the audit records."
  value       = module.bucket.name
}

output "policy" {
  description = "The bucket's policy as JSON."
  value       = module.bucket.policy
}
