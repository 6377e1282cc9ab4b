# The lake as SQL knows it: tables and views from the generated catalogue, and who may ask how much.
# No column is written down here.

resource "aws_glue_catalog_database" "this" {
  name        = var.context.database
  description = "Mantissa Log: a table for each log source, findings, and views across sources"
}

resource "aws_glue_catalog_table" "table" {
  for_each = var.catalog.tables

  name          = each.key
  database_name = aws_glue_catalog_database.this.name
  description   = each.value.comment
  table_type    = var.catalog.storage.table_type
  parameters    = var.catalog.storage.parameters

  dynamic "partition_keys" {
    for_each = each.value.partition_keys

    content {
      name    = partition_keys.value.name
      type    = partition_keys.value.type
      comment = partition_keys.value.comment
    }
  }

  storage_descriptor {
    location      = "s3://${var.lake_bucket}/${each.value.prefix}"
    input_format  = var.catalog.storage.input_format
    output_format = var.catalog.storage.output_format
    compressed    = var.catalog.storage.compressed

    ser_de_info {
      serialization_library = var.catalog.storage.serialization_library
      parameters            = var.catalog.storage.serde_parameters
    }

    dynamic "columns" {
      for_each = each.value.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}

# Athena keeps a view as base64 of its SQL and the types of its columns in Trino's words.
resource "aws_glue_catalog_table" "view" {
  for_each = var.catalog.views

  name               = each.key
  database_name      = aws_glue_catalog_database.this.name
  description        = each.value.comment
  owner              = each.value.owner
  table_type         = each.value.table_type
  parameters         = each.value.parameters
  view_expanded_text = each.value.view_expanded_text
  view_original_text = join("", [
    var.catalog.view_original_text.before,
    base64encode(replace(each.value.definition, "$${database}", var.context.database)),
    var.catalog.view_original_text.after,
  ])

  storage_descriptor {
    ser_de_info {
      name                  = each.value.serde.name
      serialization_library = each.value.serde.serialization_library
    }

    dynamic "columns" {
      for_each = each.value.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }

  depends_on = [aws_glue_catalog_table.table]
}

resource "aws_athena_workgroup" "this" {
  for_each = var.context.workgroups

  name          = each.value
  description   = "Mantissa Log: ${each.key} queries"
  force_destroy = var.force_destroy

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limits_gb[each.key] * 1024 * 1024 * 1024

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${var.results_bucket}/athena/${each.value}/"
      expected_bucket_owner = var.context.account_id

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}
