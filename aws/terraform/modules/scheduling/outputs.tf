output "group" {
  description = "Name of the schedule group."
  value       = aws_scheduler_schedule_group.this.name
}

output "dlq_url" {
  description = "URL of the queue of calls that could not be made."
  value       = aws_sqs_queue.dead.url
}

output "policy" {
  description = "What the scheduler may do, as JSON."
  value       = data.aws_iam_policy_document.call.json
}
