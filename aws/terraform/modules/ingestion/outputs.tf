output "queue_urls" {
  description = "URL of each queue: ingest, detect, alert."
  value       = { for name, queue in module.queue : name => queue.url }
}

output "queue_arns" {
  description = "ARN of each queue: ingest, detect, alert."
  value       = { for name, queue in module.queue : name => queue.arn }
}

output "dlq_urls" {
  description = "URL of each dead-letter queue: ingest, detect, alert."
  value       = { for name, queue in module.queue : name => queue.dlq_url }
}

output "policies" {
  description = "Policy of each queue as JSON."
  value       = { for name, queue in module.queue : name => queue.policy }
}
