# One place knows every name. ARNs are put together from names, not read from resources, so that
# each policy document is known when the plan is made and can be reviewed and tested there.

locals {
  name   = "${var.project_prefix}-${var.environment}"
  suffix = "${var.account_id}-${var.region}"
  arn    = "arn:${var.partition}"
  local  = "${var.region}:${var.account_id}"

  functions = ["ingest", "detect", "alert", "api", "sweep"]
  buckets = {
    for purpose in ["raw", "lake", "results", "web", "logs", "audit"] :
    purpose => "${local.name}-${purpose}-${local.suffix}"
  }
  queues     = { for queue in ["ingest", "detect", "alert"] : queue => "${local.name}-${queue}" }
  database   = replace(local.name, "-", "_")
  workgroups = { for use in ["detection", "interactive"] : use => "${local.name}-${use}" }
}
