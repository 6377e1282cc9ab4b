variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name                     = string
    account_id               = string
    partition                = string
    region                   = string
    permissions_boundary_arn = string
    functions                = map(string)
    alarm_topic_arn          = string
  })
}

variable "invoke_arn" {
  description = "What API Gateway calls to reach the api function's alias."
  type        = string
}

variable "user_pool_arn" {
  description = "ARN of the user pool whose tokens are accepted."
  type        = string
}

variable "scopes" {
  description = "Scopes of which an access token needs one. With them an identity token is refused."
  type        = list(string)
}

variable "throttle" {
  description = "Requests a second and at once: of all routes, and of new queries."
  type = object({
    rate        = number
    burst       = number
    query_rate  = number
    query_burst = number
  })
}

variable "waf" {
  description = "Whether a firewall stands in front, and requests that one address may make in five minutes."
  type = object({
    enabled    = bool
    rate_limit = number
  })
}

variable "log_key_arn" {
  description = "Customer key of the access log."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the access log is kept."
  type        = number
}

variable "manage_account" {
  description = "Whether to set the role with which API Gateway writes logs. It is one for the region and account: false where another stack sets it."
  type        = bool
}
