variable "name" {
  description = "Name of the bucket."
  type        = string
}

variable "arn" {
  description = "ARN of the bucket, put together from its name so that the policy is known at plan time."
  type        = string
}

variable "customer_key" {
  description = "Whether objects are encrypted with `kms_key_arn`; else with keys that S3 holds (AES256), which the delivery of access logs needs."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "Customer key that objects are encrypted with; null without a customer key."
  type        = string
  default     = null
}

variable "policy_documents" {
  description = "Further policy documents (JSON); what every bucket refuses is added to them."
  type        = list(string)
  default     = []
}

variable "access_logs" {
  description = "Whether requests are logged, in `log_bucket`."
  type        = bool
  default     = true
}

variable "log_bucket" {
  description = "Bucket that receives the access logs; null without them."
  type        = string
  default     = null
}

variable "lifecycle_rules" {
  description = "Rule id → prefix, days until infrequent access, days until expiry (null for never). Old versions and broken uploads always go."
  type = map(object({
    prefix          = optional(string, "")
    infrequent_days = optional(number)
    expire_days     = optional(number)
  }))
  default = {}
}

variable "noncurrent_days" {
  description = "Days that replaced or deleted versions are kept."
  type        = number
  default     = 30
}

variable "force_destroy" {
  description = "Whether destroying the bucket deletes what is in it."
  type        = bool
  default     = false
}

variable "object_lock" {
  description = "Default retention under object lock; null for a bucket without it. It can only be chosen when the bucket is made."
  type = object({
    mode = string
    days = number
  })
  default = null
}
