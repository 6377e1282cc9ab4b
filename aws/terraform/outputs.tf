output "buckets" {
  description = "Bucket of each purpose. Logs go into `raw`."
  value = merge(
    module.storage.buckets,
    { for audit in module.audit : "audit" => audit.bucket },
    { for web in module.web : "web" => web.bucket },
  )
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
  description = "URL of each queue: ingest, detect, alert."
  value       = module.ingestion.queue_urls
}

output "dlq_urls" {
  description = "URL of each dead-letter queue: ingest, detect, alert, schedule."
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

output "api_url" {
  description = "Address of the API."
  value       = module.api.url
}

output "ui_url" {
  description = "Address of the web UI; null without one."
  value       = one(module.web[*].url)
}

output "user_pool_id" {
  description = "Cognito user pool of the people who may sign in."
  value       = module.auth.user_pool_id
}

output "user_pool_client_id" {
  description = "Cognito client of the web UI and the CLI."
  value       = module.auth.client_id
}

output "sign_in_url" {
  description = "Address of the sign-in page."
  value       = module.auth.sign_in_url
}

output "alarm_topic_arn" {
  description = "SNS topic of all alarms."
  value       = module.monitoring.topic_arn
}

output "dashboard" {
  description = "CloudWatch dashboard; null without one."
  value       = module.monitoring.dashboard
}

output "forwarder_role_arns" {
  description = "Account id → role that it assumes to forward logs."
  value       = module.forwarder.role_arns
}

output "environment" {
  description = "What `mantissa` on a laptop needs to work with this deployment: export these."
  value = {
    AWS_REGION                  = local.context.region
    MANTISSA_AWS_LAKE_BUCKET    = module.storage.buckets.lake
    MANTISSA_AWS_RAW_BUCKETS    = join(",", concat([module.storage.buckets.raw], var.additional_raw_buckets.names))
    MANTISSA_AWS_RESULTS_BUCKET = module.storage.buckets.results
    MANTISSA_AWS_STATE_TABLE    = module.storage.state_table
    MANTISSA_AWS_DATABASE       = module.catalog.database
    MANTISSA_AWS_WORKGROUP      = module.catalog.workgroups.interactive
    MANTISSA_AWS_INGEST_QUEUE   = module.ingestion.queue_urls.ingest
    MANTISSA_AWS_ALERT_QUEUE    = module.ingestion.queue_urls.alert
    MANTISSA_AWS_DETECT_QUEUE   = module.ingestion.queue_urls.detect
    MANTISSA_AWS_SECRET_PREFIX  = local.context.secret_prefix
  }
}
