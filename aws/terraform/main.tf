# Wiring only: which module gets what from which. Names and ARNs come from `naming`, so policies are
# known when the plan is made; what a module outputs is passed where something must exist first.

module "naming" {
  source = "./modules/naming"

  project_prefix           = var.project_prefix
  environment              = var.environment
  account_id               = data.aws_caller_identity.current.account_id
  partition                = data.aws_partition.current.partition
  region                   = var.aws_region
  secret_prefix            = var.secret_prefix
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "encryption" {
  source = "./modules/encryption"

  context              = local.context
  deletion_window_days = var.key_deletion_window_days
  delivery_account_ids = var.delivery_account_ids
  organisation_id      = var.organisation_id
}

module "storage" {
  source = "./modules/storage"

  context              = local.context
  key_arns             = module.encryption.key_arns
  delivery_account_ids = var.delivery_account_ids
  organisation_id      = var.organisation_id
  force_destroy        = var.force_destroy
  deletion_protection  = var.deletion_protection

  retention = {
    logs       = var.log_retention_days
    results    = var.results_retention_days
    access     = var.access_log_retention_days
    noncurrent = var.noncurrent_version_days
  }
}

module "ingestion" {
  source = "./modules/ingestion"

  context                    = local.context
  raw_bucket                 = module.storage.buckets.raw
  additional_raw_bucket_arns = [for bucket in var.additional_raw_buckets.names : "arn:${local.context.partition}:s3:::${bucket}"]
  kms_key_arn                = module.encryption.key_arns.state
  function_timeouts          = { for queue in ["ingest", "alert"] : queue => local.functions[queue].timeout }
  notify                     = var.ingest.notify
  alarm_topic_arn            = local.context.alarm_topic_arn
}

module "catalog" {
  source = "./modules/catalog"

  context        = local.context
  catalog        = jsondecode(file("${local.repository}/aws/catalog.json"))
  lake_bucket    = module.storage.buckets.lake
  results_bucket = module.storage.buckets.results
  kms_key_arn    = module.encryption.key_arns.lake
  scan_limits_gb = { detection = var.athena.detection_scan_gb, interactive = var.athena.interactive_scan_gb }
  force_destroy  = var.force_destroy
}

module "secrets" {
  source = "./modules/secrets"

  context              = local.context
  kms_key_arn          = module.encryption.key_arns.secrets
  values               = local.secret_values
  recovery_window_days = var.secret_recovery_days
}

module "compute" {
  source = "./modules/compute"

  context        = local.context
  key_arns       = module.encryption.key_arns
  buckets        = module.storage.buckets
  queue_urls     = module.ingestion.queue_urls
  additional_raw = { buckets = var.additional_raw_buckets.names, key_arns = var.additional_raw_buckets.key_arns }
  secret_names   = values(local.secret_names)
  functions      = local.functions
  runtime        = var.lambda_runtime
  architecture   = var.lambda_architecture
  mantissa_toml  = local.mantissa_toml
  log_level      = var.log_level

  artefacts = {
    command   = var.package_command
    folder    = path.root
    directory = coalesce(var.artefact_directory, "${local.repository}/build/lambda")
    sources   = local.repository
  }

  ingest = {
    batch_size          = var.ingest.batch_size
    batch_seconds       = var.ingest.batch_seconds
    maximum_concurrency = var.ingest.maximum_concurrency
  }

  log_retention_days = var.platform_log_retention_days
  alarm_topic_arn    = local.context.alarm_topic_arn
}

module "scheduling" {
  source = "./modules/scheduling"

  context         = local.context
  schedules       = var.schedules
  function_arns   = module.compute.function_arns
  kms_key_arn     = module.encryption.key_arns.state
  alarm_topic_arn = local.context.alarm_topic_arn
}
