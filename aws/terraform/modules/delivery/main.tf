# Logs that AWS itself can deliver: CloudTrail, VPC flow logs, GuardDuty. Use it in the account of the
# lake, or in another one with the lake's bucket and key.

locals {
  bucket_arn = "arn:${var.partition}:s3:::${var.bucket}"
}

resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_252:the bucket announces each file to the ingest queue
  #checkov:skip=CKV2_AWS_10:rules run on the lake within minutes; a copy in CloudWatch would cost twice
  count = var.cloudtrail.scope == "none" ? 0 : 1

  name                          = var.name
  s3_bucket_name                = var.bucket
  kms_key_id                    = var.kms_key_arn
  is_organization_trail         = var.cloudtrail.scope == "organisation"
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true

  advanced_event_selector {
    name = "Management events"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }

  dynamic "advanced_event_selector" {
    for_each = var.cloudtrail.data_events ? ["AWS::S3::Object", "AWS::Lambda::Function"] : []

    content {
      name = advanced_event_selector.value

      field_selector {
        field  = "eventCategory"
        equals = ["Data"]
      }

      field_selector {
        field  = "resources.type"
        equals = [advanced_event_selector.value]
      }

      # A lake that records its own deliveries would never rest.
      dynamic "field_selector" {
        for_each = advanced_event_selector.value == "AWS::S3::Object" ? [local.bucket_arn] : []

        content {
          field           = "resources.ARN"
          not_starts_with = ["${field_selector.value}/"]
        }
      }
    }
  }
}

resource "aws_flow_log" "this" {
  for_each = toset(var.vpc_ids)

  vpc_id               = each.value
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = local.bucket_arn
}

resource "aws_guardduty_detector" "this" {
  #checkov:skip=CKV2_AWS_3:a detector of one account; an organisation's is switched on by its administrator account
  count = var.guardduty ? 1 : 0

  enable                       = true
  finding_publishing_frequency = "FIFTEEN_MINUTES"
}

resource "aws_guardduty_publishing_destination" "this" {
  count = var.guardduty ? 1 : 0

  detector_id     = aws_guardduty_detector.this[0].id
  destination_arn = local.bucket_arn
  kms_key_arn     = var.kms_key_arn
}
