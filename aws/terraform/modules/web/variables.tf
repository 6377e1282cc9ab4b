variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name        = string
    account_id  = string
    partition   = string
    region      = string
    buckets     = map(string)
    bucket_arns = map(string)
  })
}

variable "assets_directory" {
  description = "Folder of the built web UI; nothing is uploaded while there is none."
  type        = string
}

variable "api" {
  description = "Host and stage of the API, which is served under /v1 so that the page and the API have one origin."
  type = object({
    domain_name = string
    stage       = string
  })
}

variable "sign_in_domain" {
  description = "Host of the sign-in page, which the page may speak to."
  type        = string
}

variable "domain" {
  description = "Name of your own with its certificate in us-east-1; null for CloudFront's name."
  type = object({
    name            = string
    certificate_arn = string
  })
  default = null
}

variable "price_class" {
  description = "Where CloudFront answers from: PriceClass_100, PriceClass_200 or PriceClass_All."
  type        = string
}

variable "waf" {
  description = "Whether a firewall stands in front, and requests that one address may make in five minutes."
  type = object({
    enabled    = bool
    rate_limit = number
  })
}

variable "rewrite" {
  description = "Whether a CloudFront function serves the page for the paths of its own router."
  type        = bool
}

variable "log_bucket" {
  description = "Bucket of the access logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the firewall's log is kept."
  type        = number
}

variable "force_destroy" {
  description = "Whether destroying the bucket deletes what is in it."
  type        = bool
}
