output "topic_arn" {
  description = "ARN of the topic of all alarms."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard" {
  description = "Name of the dashboard; null without one."
  value       = try(aws_cloudwatch_dashboard.this[0].dashboard_name, null)
}
