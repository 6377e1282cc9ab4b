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

# What no single variable can be asked alone.
resource "terraform_data" "sane" {
  lifecycle {
    precondition {
      condition     = alltrue([for name in compact([var.slack_secret_name, var.pagerduty_secret_name]) : startswith(name, var.secret_prefix)])
      error_message = "slack_secret_name and pagerduty_secret_name begin with secret_prefix: the functions may read nothing else."
    }

    precondition {
      condition     = var.llm_provider != "bedrock" || length(var.llm_models) > 0
      error_message = "llm_provider bedrock needs llm_models: a role names what it may call."
    }

    precondition {
      condition     = var.audit.mode != "COMPLIANCE" || !var.force_destroy
      error_message = "Nothing can destroy audit records under COMPLIANCE: set audit.mode to GOVERNANCE or force_destroy to false."
    }
  }
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
  function_timeouts          = { for queue in ["ingest", "detect", "alert"] : queue => local.functions[queue].timeout }
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
  language_model = { secret = local.llm_secret, model_arns = var.llm_provider == "bedrock" ? var.llm_models : [] }
  vpc            = one(module.network[*].vpc)
  functions      = local.functions
  runtime        = var.lambda_runtime
  architecture   = var.lambda_architecture
  mantissa_toml  = local.mantissa_toml
  log_level      = var.log_level

  artefacts = {
    command   = local.package_command
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

module "auth" {
  source = "./modules/auth"

  context             = local.context
  domain_prefix       = coalesce(var.auth.domain_prefix, "${local.context.name}-${local.context.account_id}")
  callback_urls       = local.callback_urls
  auth_flows          = var.auth.flows
  mfa                 = var.auth.mfa
  threat_protection   = var.auth.threat_protection
  token_minutes       = var.auth.token_minutes
  deletion_protection = var.deletion_protection
}

module "api" {
  source = "./modules/api"

  context            = local.context
  invoke_arn         = module.compute.invoke_arns.api
  user_pool_arn      = module.auth.user_pool_arn
  scopes             = module.auth.scopes
  throttle           = var.api.throttle
  waf                = var.waf
  log_key_arn        = module.encryption.key_arns.logs
  log_retention_days = var.platform_log_retention_days
  manage_account     = var.api.manage_account
}

module "web" {
  source = "./modules/web"
  count  = var.web.enabled ? 1 : 0

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  context            = local.context
  assets_directory   = coalesce(var.web.assets_directory, "${local.repository}/src/mantissa/entrypoints/web")
  api                = { domain_name = module.api.domain_name, stage = module.api.stage }
  sign_in_domain     = trimprefix(module.auth.sign_in_url, "https://")
  domain             = var.web.domain
  price_class        = var.web.price_class
  waf                = var.waf
  rewrite            = var.web.rewrite
  log_bucket         = module.storage.buckets.logs
  log_retention_days = var.platform_log_retention_days
  force_destroy      = var.force_destroy
}

module "monitoring" {
  source = "./modules/monitoring"

  context     = local.context
  kms_key_arn = module.encryption.key_arns.state
  emails      = var.monitoring.emails
  dashboard   = var.monitoring.dashboard
  budget      = var.monitoring.budget
  log_groups  = module.compute.log_groups
}

module "audit" {
  source = "./modules/audit"
  count  = var.audit.enabled ? 1 : 0

  context       = local.context
  kms_key_arn   = module.encryption.key_arns.audit
  log_bucket    = module.storage.buckets.logs
  object_lock   = { mode = var.audit.mode, days = coalesce(var.audit.days, var.log_retention_days) }
  trail         = var.audit.trail
  force_destroy = var.force_destroy
}

module "delivery" {
  source = "./modules/delivery"

  name        = local.context.name
  bucket      = module.storage.buckets.raw
  kms_key_arn = module.encryption.key_arns.raw
  partition   = local.context.partition
  cloudtrail  = var.log_sources.cloudtrail
  vpc_ids     = var.log_sources.vpc_ids
  guardduty   = var.log_sources.guardduty
}

module "forwarder" {
  source = "./modules/forwarder"

  context     = local.context
  forwarders  = var.forwarders
  kms_key_arn = module.encryption.key_arns.raw
}

module "network" {
  source = "./modules/network"
  count  = length(var.network.functions) > 0 ? 1 : 0

  context             = local.context
  cidr                = var.network.cidr
  zones               = var.network.zones
  services            = var.network.endpoints
  flow_log_bucket_arn = local.context.bucket_arns.raw
}

module "replication" {
  source = "./modules/replication"
  count  = var.replication.region == null ? 0 : 1

  providers = {
    aws         = aws
    aws.replica = aws.replica
  }

  context              = local.context
  buckets              = module.storage.buckets
  key_arns             = module.encryption.key_arns
  region               = var.replication.region
  retention_days       = var.log_retention_days
  deletion_window_days = var.key_deletion_window_days
  force_destroy        = var.force_destroy
}

module "backup" {
  source = "./modules/backup"
  count  = var.backup.enabled ? 1 : 0

  context        = local.context
  kms_key_arn    = module.encryption.key_arns.state
  schedule       = var.backup.schedule
  retention_days = var.backup.retention_days
}
