variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    account_id               = string
    partition                = string
    region                   = string
    permissions_boundary_arn = string
    log_group_prefix         = string
  })
}

variable "name" {
  description = "Full name of the function."
  type        = string
}

variable "description" {
  description = "What the function does, in a few words."
  type        = string
}

variable "handler" {
  description = "Python path of the handler."
  type        = string
}

variable "runtime" {
  description = "Lambda runtime."
  type        = string
}

variable "architecture" {
  description = "arm64 or x86_64; the artefact must be built for it."
  type        = string
}

variable "artefact" {
  description = "Where the zip lies. Its key changes with its content, so no hash is needed."
  type = object({
    bucket = string
    key    = string
  })
}

variable "environment" {
  description = "Environment of the function; it holds no secret."
  type        = map(string)
}

variable "policy" {
  description = "What the function's code may do, as JSON: exact actions on exact resources."
  type        = string
}

variable "key_arns" {
  description = "Customer keys the function's code uses: decrypt only, or encrypt and decrypt."
  type = object({
    decrypt = list(string)
    encrypt = list(string)
  })
}

variable "log_key_arn" {
  description = "Customer key of the log group."
  type        = string
}

variable "state_key_arn" {
  description = "Customer key of the environment variables and of the queue of failed calls."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the function's log is kept."
  type        = number
}

variable "log_level" {
  description = "Lowest level that is logged."
  type        = string
}

variable "size" {
  description = "Memory in MB, timeout in seconds, scratch space in MB."
  type = object({
    memory  = number
    timeout = number
    scratch = optional(number, 512)
  })
}

variable "concurrency" {
  description = "Reserved concurrency (null for none) and provisioned concurrency of the alias (0 for none)."
  type = object({
    reserved    = optional(number)
    provisioned = optional(number, 0)
  })
  default = {}
}

variable "live_version" {
  description = "Version that the alias `live` points at; null for the newest. Set it to an older one to roll back."
  type        = string
  default     = null
}

variable "vpc" {
  description = "Subnets and security groups to run in; null for none."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null
}

variable "alarm_topic_arn" {
  description = "SNS topic of the alarms."
  type        = string
}

variable "calls" {
  description = "Asynchronous calls: times a failed one is repeated, and seconds one may wait for its turn."
  type = object({
    retries     = optional(number, 2)
    max_seconds = optional(number, 3600)
  })
  default = {}
}
