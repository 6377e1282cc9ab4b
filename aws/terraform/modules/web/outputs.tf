output "url" {
  description = "Address of the web UI."
  value       = "https://${var.domain == null ? aws_cloudfront_distribution.this.domain_name : var.domain.name}"
}

output "bucket" {
  description = "Bucket of the web UI."
  value       = module.bucket.name
}

output "distribution_id" {
  description = "Id of the distribution, for invalidations and for a DNS record of your own."
  value       = aws_cloudfront_distribution.this.id
}

output "content_security_policy" {
  description = "What the page may load and speak to."
  value       = local.content_security_policy
}
