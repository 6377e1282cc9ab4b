variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name        = string
    account_id  = string
    buckets     = map(string)
    bucket_arns = map(string)
    queues      = map(string)
    queue_arns  = map(string)
    partition   = string
    region      = string
  })
}

variable "raw_bucket" {
  description = "Name of the raw bucket, once it exists."
  type        = string
}

variable "additional_raw_bucket_arns" {
  description = "Buckets of the user's own whose notifications may reach the ingest queue."
  type        = list(string)
  default     = []
}

variable "kms_key_arn" {
  description = "Customer key of the queues."
  type        = string
}

variable "function_timeouts" {
  description = "Timeout in seconds of the functions that read the queues: ingest, detect, alert."
  type        = map(number)
}

variable "notify" {
  description = "How new objects are announced: sqs (bucket notification) or eventbridge (a rule, where the bucket's events are wanted elsewhere too)."
  type        = string
  default     = "sqs"

  validation {
    condition     = contains(["sqs", "eventbridge"], var.notify)
    error_message = "notify is sqs or eventbridge."
  }
}

variable "alarm_topic_arn" {
  description = "SNS topic of the alarms."
  type        = string
}
