variable "aws_region" {
  description = "Region of the state."
  type        = string
}

variable "project_prefix" {
  description = "First part of every name."
  type        = string
  default     = "mantissa"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,12}[a-z0-9]$", var.project_prefix))
    error_message = "project_prefix is 2 to 14 small letters, digits and dashes."
  }
}

variable "noncurrent_days" {
  description = "Days that an older state can be brought back."
  type        = number
  default     = 365
}

variable "force_destroy" {
  description = "Whether destroying the bucket deletes the states in it."
  type        = bool
  default     = false
}
