variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    account_id  = string
    region      = string
    partition   = string
    buckets     = map(string)
    bucket_arns = map(string)
    state_table = string
  })
}

variable "key_arns" {
  description = "Customer key of each data class, from the encryption module."
  type        = map(string)
}

variable "retention" {
  description = "Days that each kind of object is kept: logs (raw and rows), results of queries, access logs, replaced versions."
  type = object({
    logs       = number
    results    = number
    access     = number
    noncurrent = number
  })
}

variable "infrequent_days" {
  description = "Days after which logs move to the cheaper storage class; AWS allows 30 or more."
  type        = number
  default     = 30
}

variable "delivery_account_ids" {
  description = "Other accounts whose CloudTrail, flow logs and GuardDuty may deliver into the raw bucket."
  type        = list(string)
  default     = []
}

variable "organisation_id" {
  description = "AWS Organisation whose accounts may deliver; null for none."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Whether destroying the stack deletes the logs in its buckets."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether the state table refuses to be deleted."
  type        = bool
  default     = true
}
