variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name                     = string
    account_id               = string
    partition                = string
    permissions_boundary_arn = string
    bucket_arns              = map(string)
  })
}

variable "buckets" {
  description = "Bucket of each purpose, once it exists: raw, lake."
  type        = map(string)
}

variable "key_arns" {
  description = "Customer key of each of these buckets: raw, lake."
  type        = map(string)
}

variable "region" {
  description = "Region of the copies."
  type        = string
}

variable "retention_days" {
  description = "Days that the copies are kept."
  type        = number
}

variable "deletion_window_days" {
  description = "Days between the order to delete the copies' key and its end."
  type        = number
}

variable "force_destroy" {
  description = "Whether destroying the copies' buckets deletes what is in them."
  type        = bool
}
