variable "project_prefix" {
  description = "First part of every name."
  type        = string
}

variable "environment" {
  description = "Second part of every name, such as dev or prod."
  type        = string
}

variable "account_id" {
  description = "The AWS account that everything is created in."
  type        = string
}

variable "partition" {
  description = "The AWS partition: aws, aws-cn or aws-us-gov."
  type        = string
}

variable "region" {
  description = "The AWS region that everything is created in."
  type        = string
}

variable "secret_prefix" {
  description = "What the names of this deployment's secrets begin with."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role; null for none."
  type        = string
  default     = null
}
