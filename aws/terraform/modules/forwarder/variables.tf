variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name                     = string
    partition                = string
    permissions_boundary_arn = string
    bucket_arns              = map(string)
  })
}

variable "forwarders" {
  description = "Account id → who of it may forward (ARN of a principal; null for any that its own policies allow) and the external id they must say."
  type = map(object({
    principal_arn = optional(string)
    external_id   = string
  }))
}

variable "kms_key_arn" {
  description = "Customer key of the raw bucket."
  type        = string
}
