data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  tags = merge({ Project = "mantissa-log", Environment = var.environment, ManagedBy = "terraform" }, var.tags)

  context = module.naming.context

  # Size and limits of each function; the variable `functions` changes single ones.
  function_defaults = {
    ingest = { memory = 2048, timeout = 300, scratch = 2048, reserved = null }
    # Runs do not overlap: the second finds the first one's pin and ends. Three may start, so that none is
    # throttled, which would count towards the dead-letter queue: two from the queue, one by the clock.
    detect = { memory = 2048, timeout = 600, scratch = 512, reserved = 3 }
    alert  = { memory = 512, timeout = 120, scratch = 512, reserved = null }
    api    = { memory = 1024, timeout = 29, scratch = 512, reserved = null } # API Gateway waits no longer
    sweep  = { memory = 512, timeout = 900, scratch = 512, reserved = null }
  }

  functions = {
    for name, default in local.function_defaults : name => {
      memory      = coalesce(try(var.functions[name].memory_mb, null), default.memory)
      timeout     = coalesce(try(var.functions[name].timeout_seconds, null), default.timeout)
      scratch     = coalesce(try(var.functions[name].ephemeral_storage_mb, null), default.scratch)
      reserved    = try(coalesce(try(var.functions[name].reserved_concurrency, null), default.reserved), null)
      provisioned = try(coalesce(var.functions[name].provisioned_concurrency, 0), 0)
      version     = try(var.functions[name].live_version, null)
      in_vpc      = contains(var.network.functions, name)
    }
  }

  # A secret of the user's own goes before one that is made here.
  secrets = {
    slack-webhook     = { brought = var.slack_secret_name, value = var.slack_webhook_url }
    pagerduty-api-key = { brought = var.pagerduty_secret_name, value = var.pagerduty_api_key }
  }
  llm_secret = contains(["anthropic", "openai"], coalesce(var.llm_provider, "-")) ? "${var.llm_provider}-api-key" : null
  secret_values = merge(
    { for name, secret in local.secrets : name => secret.brought == null ? secret.value : null },
    local.llm_secret == null ? {} : { (local.llm_secret) = var.llm_api_key },
  )
  secret_names = {
    for name, secret in local.secrets : name => (
      secret.brought != null ? trimprefix(secret.brought, var.secret_prefix) : name
    ) if secret.brought != null || nonsensitive(secret.value != null)
  }

  # mantissa.toml: the user's own file, or one made of the variables.
  mantissa_toml = var.config_file != null ? file(var.config_file) : templatefile("${path.module}/mantissa.toml.tftpl", {
    tenant = local.context.name
    link   = try(module.web[0].url, "")
    destinations = [for destination in [
      { name = "slack", type = "slack", key = "slack-webhook", min_level = var.alert_levels.slack },
      { name = "pagerduty", type = "pagerduty", key = "pagerduty-api-key", min_level = var.alert_levels.pagerduty },
    ] : merge(destination, { secret = local.secret_names[destination.key] }) if contains(keys(local.secret_names), destination.key)]
  })

  callback_urls = concat(module.web[*].url, var.auth.callback_urls)

  # The artefacts are built for the functions that run them.
  package_command = coalesce(
    var.package_command,
    "make -C ../.. package PACKAGE_ARCH=${var.lambda_architecture} PACKAGE_PYTHON=${trimprefix(var.lambda_runtime, "python")}",
  )

  repository = coalesce(var.source_directory, "${path.root}/../..")
}
