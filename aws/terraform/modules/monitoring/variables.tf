variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name            = string
    environment     = string
    account_id      = string
    region          = string
    alarm_topic     = string
    alarm_topic_arn = string
    functions       = map(string)
    queues          = map(string)
    schedule_dlq    = string
    workgroups      = map(string)
    buckets         = map(string)
    state_table     = string
  })
}

variable "kms_key_arn" {
  description = "Customer key of the topic."
  type        = string
}

variable "emails" {
  description = "Addresses that alarms are sent to; each has to confirm."
  type        = list(string)
}

variable "dashboard" {
  description = "Whether to make a dashboard."
  type        = bool
}

variable "budget" {
  description = "Dollars a month after which a budget warns (at 80 % and when 100 % are forecast); null for no budget."
  type        = number
}

variable "log_groups" {
  description = "Log group of each function, once it exists."
  type        = map(string)
}
