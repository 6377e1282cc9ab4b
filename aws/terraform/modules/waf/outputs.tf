output "arn" {
  description = "ARN of the firewall."
  value       = aws_wafv2_web_acl.this.arn
}
