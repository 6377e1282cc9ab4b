variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name       = string
    account_id = string
    partition  = string
    region     = string
  })
}

variable "deletion_window_days" {
  description = "Days between the order to delete a key and its end; until then it can be rescued."
  type        = number

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "AWS keeps a key between 7 and 30 days."
  }
}

variable "delivery_account_ids" {
  description = "Accounts whose logs AWS services may encrypt with the key of the raw bucket."
  type        = list(string)
}

variable "organisation_id" {
  description = "AWS Organisation whose accounts may do the same; null for none."
  type        = string
  default     = null
}
