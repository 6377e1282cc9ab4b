# A deployment to try things in: it costs little, and goes when it is destroyed.
#   terraform apply -var-file=environments/dev.tfvars
aws_region  = "eu-west-1"
environment = "dev"

log_retention_days          = 30
platform_log_retention_days = 30
key_deletion_window_days    = 7
secret_recovery_days        = 0

# Logs and rows are deleted with the stack. Never in production.
force_destroy       = true
deletion_protection = false

# The firewalls cost by the month whether used or not.
waf   = { enabled = false }
audit = { enabled = false }
auth  = { mfa = "OPTIONAL" }

# Alerts: take away the "#", or set TF_VAR_slack_webhook_url and TF_VAR_pagerduty_api_key.
# slack_webhook_url = "https://hooks.slack.com/services/…"
# pagerduty_api_key = "…"

# Record this account's own calls.
# log_sources = { cloudtrail = { scope = "account" } }
