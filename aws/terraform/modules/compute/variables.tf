variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    name                     = string
    account_id               = string
    partition                = string
    region                   = string
    permissions_boundary_arn = string
    bucket_arns              = map(string)
    queue_arns               = map(string)
    functions                = map(string)
    function_arns            = map(string)
    state_table              = string
    state_table_arn          = string
    database                 = string
    catalog_arn              = string
    database_arn             = string
    table_prefix             = string
    workgroups               = map(string)
    workgroup_arns           = map(string)
    secret_prefix            = string
    secret_arn_prefix        = string
    log_group_prefix         = string
  })
}

variable "key_arns" {
  description = "Customer key of each data class, from the encryption module."
  type        = map(string)
}

variable "buckets" {
  description = "Bucket of each purpose, once it exists: raw, lake, results."
  type        = map(string)
}

variable "queue_urls" {
  description = "URL of each queue: ingest, detect, alert."
  type        = map(string)
}

variable "additional_raw" {
  description = "Buckets of the user's own that are read like the raw bucket, and the keys that decrypt them."
  type = object({
    buckets  = list(string)
    key_arns = list(string)
  })
}

variable "secret_names" {
  description = "Secrets that the alert function reads, without the prefix."
  type        = list(string)
}

variable "language_model" {
  description = "Secret (name without the prefix) and Bedrock models that the api function may use; neither by default."
  type = object({
    secret     = string
    model_arns = list(string)
  })
  default = { secret = null, model_arns = [] }
}

variable "artefacts" {
  description = "How the zips are made: command and its folder, where the command leaves them, where the sources lie that they are made of."
  type = object({
    command   = string
    folder    = string
    directory = string
    sources   = string
  })
}

variable "runtime" {
  description = "Lambda runtime of every function."
  type        = string
}

variable "architecture" {
  description = "Processor of every function: arm64 or x86_64."
  type        = string
}

variable "functions" {
  description = "Function → its size, concurrency and live version."
  type = map(object({
    memory      = number
    timeout     = number
    scratch     = number
    reserved    = optional(number)
    provisioned = number
    version     = optional(string)
    in_vpc      = bool
  }))
}

variable "ingest" {
  description = "How the ingest queue is read: messages in a call, seconds to wait for them, calls at a time."
  type = object({
    batch_size          = number
    batch_seconds       = number
    maximum_concurrency = number
  })
}

variable "mantissa_toml" {
  description = "Text of config/mantissa.toml."
  type        = string
}

variable "log_level" {
  description = "Lowest level that functions log."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the functions' logs are kept."
  type        = number
}

variable "vpc" {
  description = "Subnets and security groups for the functions with in_vpc; null for none."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null
}

variable "alarm_topic_arn" {
  description = "SNS topic of the alarms."
  type        = string
}
