# The five functions, each with its own role, and the queues that call them.

locals {
  descriptions = {
    ingest = "Turns objects of the raw bucket into rows of the lake"
    detect = "Runs the rules over what is new"
    alert  = "Delivers what is owed to destinations"
    api    = "Answers queries and shows alerts"
    sweep  = "Finds raw objects that no notification announced"
  }

  environment = {
    MANTISSA_AWS_LAKE_BUCKET     = var.buckets.lake
    MANTISSA_AWS_RAW_BUCKETS     = join(",", concat([var.buckets.raw], var.additional_raw.buckets))
    MANTISSA_AWS_RESULTS_BUCKET  = var.buckets.results
    MANTISSA_AWS_STATE_TABLE     = var.context.state_table
    MANTISSA_AWS_DATABASE        = var.context.database
    MANTISSA_AWS_INGEST_QUEUE    = var.queue_urls.ingest
    MANTISSA_AWS_ALERT_QUEUE     = var.queue_urls.alert
    MANTISSA_AWS_DETECT_QUEUE    = var.queue_urls.detect
    MANTISSA_AWS_SECRET_PREFIX   = var.context.secret_prefix
    POWERTOOLS_METRICS_NAMESPACE = "Mantissa"
  }

  workgroups = merge(
    { for function in keys(var.context.functions) : function => var.context.workgroups.interactive },
    { detect = var.context.workgroups.detection },
  )

  raw_key_arns = concat([var.key_arns.raw], var.additional_raw.key_arns)
  keys = {
    ingest = { decrypt = concat(local.raw_key_arns, [var.key_arns.lake, var.key_arns.state]), encrypt = [var.key_arns.lake, var.key_arns.state] }
    detect = { decrypt = [var.key_arns.lake, var.key_arns.state], encrypt = [var.key_arns.lake, var.key_arns.state] }
    alert  = { decrypt = [var.key_arns.lake, var.key_arns.state, var.key_arns.secrets], encrypt = [] }
    api    = { decrypt = concat([var.key_arns.lake, var.key_arns.state], var.language_model.secret == null ? [] : [var.key_arns.secrets]), encrypt = [var.key_arns.lake] }
    sweep  = { decrypt = [var.key_arns.lake, var.key_arns.state], encrypt = [var.key_arns.state] }
  }

  # A run that starts twice is harmless but waste: what waits longer than the next tick is dropped.
  calls = {
    detect = { retries = 1, max_seconds = 300 }
    alert  = { retries = 1, max_seconds = 120 }
  }
}

module "function" {
  source   = "../function"
  for_each = var.context.functions

  context      = var.context
  name         = each.value
  description  = local.descriptions[each.key]
  handler      = "mantissa.entrypoints.lambdas.${each.key}.handler"
  runtime      = var.runtime
  architecture = var.architecture
  artefact = {
    bucket = aws_s3_object.artefact[each.key].bucket
    key    = aws_s3_object.artefact[each.key].key
  }
  environment = merge(local.environment, {
    MANTISSA_AWS_WORKGROUP  = local.workgroups[each.key]
    POWERTOOLS_SERVICE_NAME = each.key
  })

  policy        = local.policies[each.key]
  key_arns      = local.keys[each.key]
  log_key_arn   = var.key_arns.logs
  state_key_arn = var.key_arns.state

  size = {
    memory  = var.functions[each.key].memory
    timeout = var.functions[each.key].timeout
    scratch = var.functions[each.key].scratch
  }
  concurrency = {
    reserved    = var.functions[each.key].reserved
    provisioned = var.functions[each.key].provisioned
  }
  calls        = lookup(local.calls, each.key, {})
  live_version = var.functions[each.key].version
  vpc          = var.functions[each.key].in_vpc ? var.vpc : null

  log_level          = var.log_level
  log_retention_days = var.log_retention_days
  alarm_topic_arn    = var.alarm_topic_arn
}

resource "aws_lambda_event_source_mapping" "ingest" {
  event_source_arn                   = var.context.queue_arns.ingest
  function_name                      = module.function["ingest"].alias_arn
  batch_size                         = var.ingest.batch_size
  maximum_batching_window_in_seconds = var.ingest.batch_seconds
  function_response_types            = ["ReportBatchItemFailures"]

  # Bounds the calls without throttling them: a throttled receipt counts towards the dead-letter queue.
  scaling_config {
    maximum_concurrency = var.ingest.maximum_concurrency
  }
}

# A burst of commits is one call: messages are gathered, and a run goes on until nothing is pending.
resource "aws_lambda_event_source_mapping" "detect" {
  event_source_arn                   = var.context.queue_arns.detect
  function_name                      = module.function["detect"].alias_arn
  batch_size                         = 1000
  maximum_batching_window_in_seconds = 20

  scaling_config {
    maximum_concurrency = 2 # the least that AWS takes
  }
}

resource "aws_lambda_event_source_mapping" "alert" {
  event_source_arn        = var.context.queue_arns.alert
  function_name           = module.function["alert"].alias_arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 2 # the least that AWS takes
  }
}
