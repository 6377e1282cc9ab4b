output "buckets" {
  description = "Bucket of each purpose. Logs go into `raw`."
  value       = module.storage.buckets
}

output "state_table" {
  description = "DynamoDB table of the state."
  value       = module.storage.state_table
}

output "database" {
  description = "Glue database of the lake."
  value       = module.catalog.database
}

output "workgroups" {
  description = "Athena workgroup of each use: detection, interactive."
  value       = module.catalog.workgroups
}

output "queue_urls" {
  description = "URL of each queue: ingest, alert."
  value       = module.ingestion.queue_urls
}

output "dlq_urls" {
  description = "URL of each dead-letter queue: ingest, alert, schedule."
  value       = merge(module.ingestion.dlq_urls, { schedule = module.scheduling.dlq_url })
}

output "function_arns" {
  description = "ARN of each function's alias `live`."
  value       = module.compute.function_arns
}

output "function_versions" {
  description = "Newest published version of each function; `functions = {detect = {live_version = \"…\"}}` rolls back to an older one."
  value       = module.compute.versions
}

output "role_arns" {
  description = "Role of each function."
  value       = module.compute.role_arns
}

output "key_arns" {
  description = "Customer key of each data class."
  value       = module.encryption.key_arns
}
