variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name                     = string
    account_id               = string
    partition                = string
    region                   = string
    permissions_boundary_arn = string
    schedule_dlq             = string
    schedule_dlq_arn         = string
    function_arns            = map(string)
  })
}

variable "schedules" {
  description = "Function → how often it is called, whether at all, and seconds after which a call that could not be made is given up."
  type = map(object({
    rate        = string
    enabled     = bool
    max_seconds = number
  }))
}

variable "function_arns" {
  description = "ARN of each function's alias, once it exists."
  type        = map(string)
}

variable "kms_key_arn" {
  description = "Customer key of the schedules and of their dead-letter queue."
  type        = string
}

variable "alarm_topic_arn" {
  description = "SNS topic of the alarms."
  type        = string
}
