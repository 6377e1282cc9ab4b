variable "name" {
  description = "Name of the queue; its dead-letter queue is called the same with -dlq."
  type        = string
}

variable "arn" {
  description = "ARN of the queue, put together from its name so that the policy is known at plan time."
  type        = string
}

variable "kms_key_arn" {
  description = "Customer key that messages are encrypted with."
  type        = string
}

variable "visibility_seconds" {
  description = "Seconds that a received message stays hidden; AWS asks for six times the function's timeout."
  type        = number
}

variable "max_receive_count" {
  description = "Receipts after which a message goes to the dead-letter queue."
  type        = number
  default     = 5
}

variable "policy_documents" {
  description = "Who else may send (JSON documents)."
  type        = list(string)
  default     = []
}

variable "dead_policy_documents" {
  description = "Who else may send to the dead-letter queue (JSON documents)."
  type        = list(string)
  default     = []
}

variable "alarm_topic_arn" {
  description = "SNS topic that hears of a message in the dead-letter queue."
  type        = string
}

variable "max_age_seconds" {
  description = "Age of the oldest message that raises an alarm."
  type        = number
  default     = 900
}
