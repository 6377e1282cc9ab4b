# What is refused before anything is made, and what the defaults make.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "us_east_1"
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "replica"
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  aws_region = "eu-west-1"
  web        = { enabled = false } # its address would be unknown until it is made
}

run "refused" {
  command = plan

  variables {
    aws_region                  = "Ireland"
    environment                 = "Production-Europe"
    project_prefix              = "-"
    log_retention_days          = 0
    platform_log_retention_days = 42
    lambda_runtime              = "python3.8"
    lambda_architecture         = "riscv"
    llm_provider                = "abacus"
    slack_webhook_url           = "hooks.slack.com"
    secret_prefix               = "mantissa log"
    delivery_account_ids        = ["12"]
    organisation_id             = "mine"
    functions                   = { ingets = {} }
    schedules                   = { detect = { rate = "every five minutes" } }
    athena                      = { detection_scan_gb = 0 }
    ingest                      = { maximum_concurrency = 1 }
    network                     = { functions = ["alert"] }
    audit                       = { mode = "NONE" }
    forwarders                  = { "444455556666" = { external_id = "short" } }
  }

  expect_failures = [
    var.aws_region,
    var.environment,
    var.project_prefix,
    var.log_retention_days,
    var.platform_log_retention_days,
    var.lambda_runtime,
    var.lambda_architecture,
    var.llm_provider,
    var.slack_webhook_url,
    var.secret_prefix,
    var.delivery_account_ids,
    var.organisation_id,
    var.functions,
    var.schedules,
    var.athena,
    var.ingest,
    var.network,
    var.audit,
    var.forwarders,
  ]
}

run "defaults" {
  command = plan

  assert {
    condition     = module.catalog.database == "mantissa_dev" && contains(module.catalog.tables, "findings") && contains(module.catalog.views, "authentication")
    error_message = "The catalogue is not that of aws/catalog.json."
  }

  assert {
    condition     = length(local.secret_names) == 0 && !strcontains(local.mantissa_toml, "[[destinations]]")
    error_message = "A destination without a credential is configured."
  }

  assert {
    condition     = local.functions.detect.reserved == 3
    error_message = "The detect function has room for the schedule and what the queue wakes, and no more."
  }
}

run "secrets_of_ones_own" {
  command = plan

  variables {
    secret_prefix     = "mantissa-log/prod/"
    slack_secret_name = "mantissa-log/prod/our-webhook"
    pagerduty_api_key = "key"
    alert_levels      = { pagerduty = "critical" }
  }

  assert {
    condition     = local.secret_names == { slack-webhook = "our-webhook", pagerduty-api-key = "pagerduty-api-key" }
    error_message = "A secret that is there already is not used."
  }

  assert {
    condition     = strcontains(local.mantissa_toml, "secret = \"our-webhook\"") && strcontains(local.mantissa_toml, "min_level = \"critical\"")
    error_message = "mantissa.toml does not name the destinations."
  }
}
