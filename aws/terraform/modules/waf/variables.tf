variable "name" {
  description = "Name of the firewall."
  type        = string
}

variable "scope" {
  description = "REGIONAL for an API, CLOUDFRONT (in us-east-1) for a distribution."
  type        = string
}

variable "rate_limit" {
  description = "Requests that one address may make in five minutes."
  type        = number
}

variable "log_retention_days" {
  description = "Days that the firewall's log is kept."
  type        = number
}

variable "log_key_arn" {
  description = "Customer key of the log, in the firewall's region; null for the key that CloudWatch holds."
  type        = string
  default     = null
}
