variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name                     = string
    account_id               = string
    partition                = string
    permissions_boundary_arn = string
    state_table_arn          = string
  })
}

variable "kms_key_arn" {
  description = "Customer key of the vault."
  type        = string
}

variable "schedule" {
  description = "When a backup is made, as cron(…), UTC."
  type        = string
}

variable "retention_days" {
  description = "Days that a backup is kept."
  type        = number
}
