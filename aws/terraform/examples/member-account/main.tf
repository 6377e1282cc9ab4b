# Run this in another account: its CloudTrail, flow logs and GuardDuty go to the lake. The lake's
# account lists this one in delivery_account_ids (or knows its organisation by organisation_id).

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region = var.aws_region
}

variable "aws_region" {
  description = "Region of the lake: a bucket takes flow logs of its own region only."
  type        = string
  default     = "eu-west-1"
}

variable "raw_bucket" {
  description = "Raw bucket of the lake (output `buckets`)."
  type        = string
}

variable "raw_key_arn" {
  description = "Customer key of the raw bucket (output `key_arns`)."
  type        = string
}

variable "vpc_ids" {
  description = "VPCs whose flow logs to deliver."
  type        = list(string)
  default     = []
}

module "delivery" {
  source = "../../modules/delivery"

  name        = "mantissa-log"
  bucket      = var.raw_bucket
  kms_key_arn = var.raw_key_arn
  cloudtrail  = { scope = "account" }
  vpc_ids     = var.vpc_ids
  guardduty   = true
}
