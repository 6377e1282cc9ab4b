variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name        = string
    account_id  = string
    partition   = string
    region      = string
    buckets     = map(string)
    bucket_arns = map(string)
  })
}

variable "kms_key_arn" {
  description = "Customer key of the audit bucket."
  type        = string
}

variable "log_bucket" {
  description = "Bucket of the access logs."
  type        = string
}

variable "object_lock" {
  description = "Retention of what is written: COMPLIANCE, which nobody can shorten, or GOVERNANCE; and for how many days."
  type = object({
    mode = string
    days = number
  })

  validation {
    condition     = contains(["COMPLIANCE", "GOVERNANCE"], var.object_lock.mode)
    error_message = "mode is COMPLIANCE or GOVERNANCE."
  }
}

variable "trail" {
  description = "Whether CloudTrail records who touched the lake."
  type        = bool
}

variable "force_destroy" {
  description = "Whether destroying the bucket deletes what is in it; under COMPLIANCE nothing can."
  type        = bool
  default     = false
}
