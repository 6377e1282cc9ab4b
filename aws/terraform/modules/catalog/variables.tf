variable "context" {
  description = "Names and ARNs of the deployment, from the naming module."
  type = object({
    account_id = string
    database   = string
    workgroups = map(string)
  })
}

variable "catalog" {
  description = "Content of aws/catalog.json, which is generated from the log sources: Glue columns of every table, SQL and columns of every view."
  type = object({
    storage = object({
      table_type            = string
      parameters            = map(string)
      input_format          = string
      output_format         = string
      compressed            = bool
      serialization_library = string
      serde_parameters      = map(string)
    })
    view_original_text = object({
      before = string
      after  = string
    })
    tables = map(object({
      comment        = string
      prefix         = string
      columns        = list(object({ name = string, type = string, comment = string }))
      partition_keys = list(object({ name = string, type = string, comment = string }))
    }))
    views = map(object({
      comment            = string
      owner              = string
      table_type         = string
      parameters         = map(string)
      serde              = object({ name = string, serialization_library = string })
      view_expanded_text = string
      columns            = list(object({ name = string, type = string, comment = string }))
      definition         = string
    }))
  })
}

variable "lake_bucket" {
  description = "Bucket of the lake."
  type        = string
}

variable "results_bucket" {
  description = "Bucket of Athena's results."
  type        = string
}

variable "kms_key_arn" {
  description = "Customer key of the lake and of the results."
  type        = string
}

variable "scan_limits_gb" {
  description = "Gigabytes one query may scan, by workgroup: detection, interactive."
  type        = map(number)
}

variable "force_destroy" {
  description = "Whether workgroups with a history are deleted."
  type        = bool
  default     = false
}
