variable "name" {
  description = "What the trail is called."
  type        = string
}

variable "bucket" {
  description = "Raw bucket that logs are delivered to; it may belong to another account that allows it."
  type        = string
}

variable "kms_key_arn" {
  description = "Customer key of that bucket."
  type        = string
}

variable "partition" {
  description = "The AWS partition."
  type        = string
  default     = "aws"
}

variable "cloudtrail" {
  description = "Trail to make: none, account, or organisation (in the organisation's management account). S3 and Lambda data events are recorded where asked for."
  type = object({
    scope       = optional(string, "none")
    data_events = optional(bool, false)
  })
  default = {}

  validation {
    condition     = contains(["none", "account", "organisation"], var.cloudtrail.scope)
    error_message = "scope is none, account or organisation."
  }
}

variable "vpc_ids" {
  description = "VPCs whose flow logs to deliver."
  type        = list(string)
  default     = []
}

variable "guardduty" {
  description = "Whether to switch GuardDuty on and export its findings."
  type        = bool
  default     = false
}
