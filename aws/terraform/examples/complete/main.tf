# The whole lake as a module of a larger configuration, with everything that is off by default.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

module "mantissa" {
  source = "../.."

  aws_region         = "eu-west-1"
  environment        = "prod"
  secret_prefix      = "mantissa-log/prod/"
  log_retention_days = 730
  config_file        = "${path.module}/mantissa.toml"
  source_directory   = "${path.module}/../../../.."
  package_command    = "make -C ../../../.. package"

  slack_secret_name     = "mantissa-log/prod/slack-webhook"
  pagerduty_secret_name = "mantissa-log/prod/pagerduty-api-key"

  organisation_id      = "o-a1b2c3d4e5"
  delivery_account_ids = ["111122223333"]
  log_sources          = { cloudtrail = { scope = "organisation", data_events = true }, guardduty = true }
  forwarders           = { "444455556666" = { external_id = "change-me-to-something-long" } }

  auth        = { threat_protection = "ENFORCED" }
  audit       = { mode = "COMPLIANCE", trail = true }
  network     = { functions = ["ingest", "detect", "api", "sweep"] }
  replication = { region = "eu-central-1" }
  backup      = { enabled = true }
  monitoring  = { emails = ["security@example.com"], budget = 2000 }
}

output "api_url" {
  description = "Address of the API."
  value       = module.mantissa.api_url
}
