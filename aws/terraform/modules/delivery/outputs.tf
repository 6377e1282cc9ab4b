output "trail_arn" {
  description = "ARN of the trail; null without one."
  value       = try(aws_cloudtrail.this[0].arn, null)
}

output "detector_id" {
  description = "Id of the GuardDuty detector; null without one."
  value       = try(aws_guardduty_detector.this[0].id, null)
}
