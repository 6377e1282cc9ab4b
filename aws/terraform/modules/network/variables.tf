variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name        = string
    account_id  = string
    partition   = string
    region      = string
    bucket_arns = map(string)
  })
}

variable "cidr" {
  description = "Range of the VPC, /20 to /26."
  type        = string
}

variable "zones" {
  description = "Two availability zones; null for the first two."
  type        = list(string)
  default     = null
}

variable "services" {
  description = "AWS services that get an interface endpoint, as the last part of their names; each costs by the hour in each zone."
  type        = list(string)
}

variable "flow_log_bucket_arn" {
  description = "Bucket that the VPC's flow logs go to."
  type        = string
}
