variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name       = string
    account_id = string
    region     = string
  })
}

variable "domain_prefix" {
  description = "First part of the sign-in page's address, one of its kind in the region."
  type        = string
}

variable "callback_urls" {
  description = "Addresses that the sign-in page may send people back to."
  type        = list(string)
}

variable "auth_flows" {
  description = "Ways to sign in without the page: SRP keeps the password to oneself."
  type        = list(string)
  default     = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
}

variable "mfa" {
  description = "ON: everybody needs a second factor; OPTIONAL: whoever sets one up."
  type        = string

  validation {
    condition     = contains(["ON", "OPTIONAL"], var.mfa)
    error_message = "mfa is ON or OPTIONAL."
  }
}

variable "threat_protection" {
  description = "Cognito's own watch over sign-ins: OFF, AUDIT or ENFORCED; it is billed for each user."
  type        = string

  validation {
    condition     = contains(["OFF", "AUDIT", "ENFORCED"], var.threat_protection)
    error_message = "threat_protection is OFF, AUDIT or ENFORCED."
  }
}

variable "token_minutes" {
  description = "Minutes that an access token is good for."
  type        = number
}

variable "deletion_protection" {
  description = "Whether the pool refuses to be deleted."
  type        = bool
}
