variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    secret_prefix = string
  })
}

variable "kms_key_arn" {
  description = "Customer key of the secrets."
  type        = string
}

variable "values" {
  description = "Secret (name without the prefix) → value; null where the user brings the secret or there is none."
  type        = map(string)
  sensitive   = true
}

variable "recovery_window_days" {
  description = "Days that a deleted secret can be restored; 0 deletes at once."
  type        = number
}
