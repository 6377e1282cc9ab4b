# ---- What everybody sets

variable "aws_region" {
  description = "Region of the lake."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region is the code of a region, such as eu-west-1."
  }
}

variable "environment" {
  description = "Which of your deployments this is; a part of every name."
  type        = string
  default     = "dev"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.environment))
    error_message = "environment is 2 to 10 small letters and digits: the longest bucket name must stay under 64."
  }
}

variable "project_prefix" {
  description = "First part of every name."
  type        = string
  default     = "mantissa"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,12}[a-z0-9]$", var.project_prefix))
    error_message = "project_prefix is 2 to 14 small letters, digits and dashes: the longest bucket name must stay under 64."
  }
}

variable "tags" {
  description = "Further tags of everything that can have tags."
  type        = map(string)
  default     = {}
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role made here; null for none."
  type        = string
  default     = null
}

# ---- Keeping

variable "log_retention_days" {
  description = "Days that logs are kept, as delivered and as rows. After 30 days they move to the cheaper storage class."
  type        = number
  default     = 365

  validation {
    condition     = var.log_retention_days >= 1 && floor(var.log_retention_days) == var.log_retention_days
    error_message = "log_retention_days is a whole number of days, 1 or more."
  }
}

variable "results_retention_days" {
  description = "Days that the results of queries are kept."
  type        = number
  default     = 7
}

variable "access_log_retention_days" {
  description = "Days that access logs of the buckets are kept."
  type        = number
  default     = 365
}

variable "noncurrent_version_days" {
  description = "Days that a replaced or deleted object can be brought back."
  type        = number
  default     = 30
}

variable "platform_log_retention_days" {
  description = "Days that logs of the functions, the API and the firewall are kept in CloudWatch."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.platform_log_retention_days)
    error_message = "CloudWatch Logs keeps for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "key_deletion_window_days" {
  description = "Days between destroying the stack and the end of its keys."
  type        = number
  default     = 30

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30
    error_message = "AWS keeps a key between 7 and 30 days."
  }
}

variable "force_destroy" {
  description = "Whether destroying the stack deletes logs, rows and query history with it."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether the state table and the user pool refuse to be deleted."
  type        = bool
  default     = true
}

# ---- Alerts

variable "slack_webhook_url" {
  description = "Slack webhook that alerts go to; it is written to Secrets Manager (and to the Terraform state: see slack_secret_name)."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.slack_webhook_url == null || can(regex("^https?://", var.slack_webhook_url))
    error_message = "slack_webhook_url is an address that begins with https://."
  }
}

variable "slack_secret_name" {
  description = "Name of an existing secret with the webhook, instead of slack_webhook_url; it begins with secret_prefix."
  type        = string
  default     = null
}

variable "pagerduty_api_key" {
  description = "PagerDuty Events v2 routing key that alerts go to; it is written to Secrets Manager (and to the Terraform state: see pagerduty_secret_name)."
  type        = string
  default     = null
  sensitive   = true
}

variable "pagerduty_secret_name" {
  description = "Name of an existing secret with the key, instead of pagerduty_api_key; it begins with secret_prefix."
  type        = string
  default     = null
}

variable "secret_prefix" {
  description = "What names of secrets begin with. Two deployments in one account need two."
  type        = string
  default     = "mantissa-log/"

  validation {
    condition     = can(regex("^[A-Za-z0-9/_+=.@-]+[/-]$", var.secret_prefix))
    error_message = "secret_prefix is letters, digits and /_+=.@- and ends with / or -."
  }
}

variable "secret_recovery_days" {
  description = "Days that a deleted secret can be restored: 7 to 30, or 0 to delete at once."
  type        = number
  default     = 7

  validation {
    condition     = var.secret_recovery_days == 0 || (var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30)
    error_message = "Secrets Manager keeps a deleted secret for 7 to 30 days, or not at all (0)."
  }
}

variable "alert_levels" {
  description = "Lowest level of the alerts that each destination gets."
  type = object({
    slack     = optional(string, "medium")
    pagerduty = optional(string, "high")
  })
  default = {}

  validation {
    condition = alltrue([
      for level in values(var.alert_levels) : contains(["informational", "low", "medium", "high", "critical"], level)
    ])
    error_message = "A level is informational, low, medium, high or critical."
  }
}

variable "llm_provider" {
  description = "Language model that the api function may call: bedrock (the models of llm_models, no key), anthropic or openai (a key in Secrets Manager, from llm_api_key or brought by you as <provider>-api-key under secret_prefix); null for none."
  type        = string
  default     = null

  validation {
    condition     = var.llm_provider == null || contains(["bedrock", "anthropic", "openai"], coalesce(var.llm_provider, "-"))
    error_message = "llm_provider is bedrock, anthropic or openai."
  }
}

variable "llm_api_key" {
  description = "Key of anthropic or openai; it is written to Secrets Manager (and to the Terraform state)."
  type        = string
  default     = null
  sensitive   = true
}

variable "llm_models" {
  description = "ARNs of the Bedrock models and inference profiles that may be called."
  type        = list(string)
  default     = []
}

variable "config_file" {
  description = "Your own mantissa.toml, in place of the one made of these variables."
  type        = string
  default     = null
}

# ---- Functions

variable "lambda_runtime" {
  description = "Runtime of the functions."
  type        = string
  default     = "python3.13"

  validation {
    condition     = contains(["python3.12", "python3.13"], var.lambda_runtime)
    error_message = "lambda_runtime is python3.12 or python3.13."
  }
}

variable "lambda_architecture" {
  description = "Processor of the functions; the artefacts are built for it."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "lambda_architecture is arm64 or x86_64."
  }
}

variable "functions" {
  description = "Function (ingest, detect, alert, api, sweep) → what differs from its defaults. `live_version` rolls it back to a published version."
  type = map(object({
    memory_mb               = optional(number)
    timeout_seconds         = optional(number)
    ephemeral_storage_mb    = optional(number)
    reserved_concurrency    = optional(number)
    provisioned_concurrency = optional(number)
    live_version            = optional(string)
  }))
  default = {}

  validation {
    condition     = length(setsubtract(keys(var.functions), ["ingest", "detect", "alert", "api", "sweep"])) == 0
    error_message = "The functions are ingest, detect, alert, api and sweep."
  }
}

variable "log_level" {
  description = "Lowest level that the functions log."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level is DEBUG, INFO, WARNING or ERROR."
  }
}

variable "package_command" {
  description = "Command that builds the functions' zips, run in this folder when their sources change; null for `make package` of the repository, for the functions' processor and runtime."
  type        = string
  default     = null
}

variable "artefact_directory" {
  description = "Folder that package_command leaves the zips in; null for build/lambda of the repository."
  type        = string
  default     = null
}

variable "source_directory" {
  description = "The repository; null for two folders up from here."
  type        = string
  default     = null
}

# ---- Ingestion and detection

variable "ingest" {
  description = "How objects come in: notify (sqs or eventbridge), messages in a call, seconds to wait for them, calls at a time (at most half of the account's concurrency)."
  type = object({
    notify              = optional(string, "sqs")
    batch_size          = optional(number, 10)
    batch_seconds       = optional(number, 5)
    maximum_concurrency = optional(number, 50)
  })
  default = {}

  validation {
    condition     = var.ingest.maximum_concurrency >= 2 && var.ingest.maximum_concurrency <= 1000
    error_message = "AWS takes a maximum_concurrency of 2 to 1000."
  }
}

variable "additional_raw_buckets" {
  description = "Buckets of your own in this account that hold logs too, and the keys they are encrypted with. Let them notify the ingest queue."
  type = object({
    names    = optional(list(string), [])
    key_arns = optional(list(string), [])
  })
  default = {}
}

variable "delivery_account_ids" {
  description = "Other accounts whose CloudTrail, flow logs and GuardDuty may deliver into the raw bucket."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for account in var.delivery_account_ids : can(regex("^[0-9]{12}$", account))])
    error_message = "An account id has twelve digits."
  }
}

variable "organisation_id" {
  description = "AWS Organisation whose accounts may all deliver; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.organisation_id == null || can(regex("^o-[a-z0-9]{10,32}$", var.organisation_id))
    error_message = "organisation_id looks like o-a1b2c3d4e5."
  }
}

variable "schedules" {
  description = "How often functions are called by the clock: rate(…) or cron(…), whether at all, and seconds after which a call that could not be made is given up."
  type = object({
    detect = optional(object({ rate = optional(string, "rate(5 minutes)"), enabled = optional(bool, true), max_seconds = optional(number, 300) }), {})
    alert  = optional(object({ rate = optional(string, "rate(1 minute)"), enabled = optional(bool, true), max_seconds = optional(number, 120) }), {})
    sweep  = optional(object({ rate = optional(string, "rate(6 hours)"), enabled = optional(bool, true), max_seconds = optional(number, 3600) }), {})
  })
  default = {}

  validation {
    condition     = alltrue([for schedule in values(var.schedules) : can(regex("^(rate|cron)\\(.+\\)$", schedule.rate))])
    error_message = "A rate is written rate(5 minutes) or cron(0 * * * ? *)."
  }
}

variable "athena" {
  description = "Gigabytes that one query may scan before it is stopped: of rules, and of people."
  type = object({
    detection_scan_gb   = optional(number, 100)
    interactive_scan_gb = optional(number, 50)
  })
  default = {}

  validation {
    condition     = alltrue([for limit in values(var.athena) : limit >= 1 && floor(limit) == limit])
    error_message = "A scan limit is a whole number of gigabytes, 1 or more."
  }
}

variable "log_sources" {
  description = "Logs that AWS itself delivers and that are switched on here: a CloudTrail trail (scope none, account or organisation; with data events of S3 and Lambda), flow logs of VPCs, GuardDuty."
  type = object({
    cloudtrail = optional(object({
      scope       = optional(string, "none")
      data_events = optional(bool, false)
    }), {})
    vpc_ids   = optional(list(string), [])
    guardduty = optional(bool, false)
  })
  default = {}
}

variable "forwarders" {
  description = "Other accounts that ship logs themselves: account id → external id they must say, and the one principal that may (null for any of the account). Each gets a role that may only add below forwarded/<account id>/."
  type = map(object({
    external_id   = string
    principal_arn = optional(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for account, forwarder in var.forwarders : can(regex("^[0-9]{12}$", account)) && length(forwarder.external_id) >= 8])
    error_message = "A forwarder is an account id of twelve digits with an external id of 8 characters or more."
  }
}

# ---- People

variable "auth" {
  description = "Signing in: second factor (ON or OPTIONAL), Cognito's threat protection (OFF, AUDIT, ENFORCED), addresses that the sign-in page may send people back to besides the web UI, ways to sign in without the page, first part of the sign-in page's address."
  type = object({
    mfa               = optional(string, "ON")
    threat_protection = optional(string, "OFF")
    callback_urls     = optional(list(string), ["http://localhost:8976/callback"])
    flows             = optional(list(string), ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"])
    token_minutes     = optional(number, 60)
    domain_prefix     = optional(string)
  })
  default = {}

  validation {
    condition     = alltrue([for url in var.auth.callback_urls : can(regex("^(https://|http://localhost[:/])", url))])
    error_message = "A callback address begins with https://, or with http://localhost for a program on the own machine."
  }
}

variable "api" {
  description = "Requests a second and at once (of all routes, and of new queries), and whether to set the role with which API Gateway writes logs in this region: false where another stack of the account does."
  type = object({
    throttle = optional(object({
      rate        = optional(number, 50)
      burst       = optional(number, 100)
      query_rate  = optional(number, 5)
      query_burst = optional(number, 20)
    }), {})
    manage_account = optional(bool, true)
  })
  default = {}
}

variable "web" {
  description = "The web UI behind CloudFront: whether there is one, the folder it was built in (null for the repository's), a name of your own with its certificate in us-east-1, and whether paths of the page's router are rewritten."
  type = object({
    enabled          = optional(bool, true)
    assets_directory = optional(string)
    price_class      = optional(string, "PriceClass_100")
    rewrite          = optional(bool, true)
    domain = optional(object({
      name            = string
      certificate_arn = string
    }))
  })
  default = {}

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.web.price_class)
    error_message = "price_class is PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "waf" {
  description = "The firewall in front of the API and of the web UI: whether there is one, and requests that one address may make in five minutes."
  type = object({
    enabled    = optional(bool, true)
    rate_limit = optional(number, 2000)
  })
  default = {}

  validation {
    condition     = var.waf.rate_limit >= 10
    error_message = "AWS takes a rate limit of 10 or more."
  }
}

# ---- Watching, keeping safe

variable "monitoring" {
  description = "Addresses that alarms are sent to, whether there is a dashboard, and dollars a month after which a budget warns (null for no budget)."
  type = object({
    emails    = optional(list(string), [])
    dashboard = optional(bool, true)
    budget    = optional(number)
  })
  default = {}
}

variable "audit" {
  description = "The bucket of audit records under object lock: whether there is one, mode (GOVERNANCE, or COMPLIANCE, which nobody can undo), days (null for log_retention_days), and a trail of who touched the lake."
  type = object({
    enabled = optional(bool, true)
    mode    = optional(string, "GOVERNANCE")
    days    = optional(number)
    trail   = optional(bool, false)
  })
  default = {}

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.audit.mode)
    error_message = "mode is GOVERNANCE or COMPLIANCE."
  }
}

variable "network" {
  description = "Functions that run in a VPC of their own without a way to the internet, its range, its two zones (null for the first two), and the services it reaches. Empty for no VPC; `alert` has to reach Slack, so it stays outside."
  type = object({
    functions = optional(list(string), [])
    cidr      = optional(string, "10.90.0.0/24")
    zones     = optional(list(string))
    endpoints = optional(list(string), ["athena", "glue", "kms", "logs", "secretsmanager", "sqs", "sts", "xray"])
  })
  default = {}

  validation {
    condition     = length(setsubtract(var.network.functions, ["ingest", "detect", "api", "sweep"])) == 0
    error_message = "In the VPC may run ingest, detect, api and sweep; alert has to reach its destinations on the internet."
  }

  validation {
    condition     = can(cidrsubnet(var.network.cidr, 1, 1))
    error_message = "cidr is a range such as 10.90.0.0/24."
  }
}

variable "replication" {
  description = "Copy the raw and lake buckets to this region; null for no copy."
  type = object({
    region = optional(string)
  })
  default = {}
}

variable "backup" {
  description = "AWS Backup of the state table, beyond the 35 days of its point-in-time recovery: when, and for how many days."
  type = object({
    enabled        = optional(bool, false)
    schedule       = optional(string, "cron(0 3 * * ? *)")
    retention_days = optional(number, 90)
  })
  default = {}
}
