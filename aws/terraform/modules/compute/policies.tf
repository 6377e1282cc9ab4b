# One policy a function: exact actions on exact resources. What several functions need alike is
# written once below and put together; nothing is granted because "it is only reading". Statements
# whose Sid begins with Athena or Lambda are what that service does in the function's name; every
# other action is one that the function's code calls.

locals {
  lake    = var.context.bucket_arns.lake
  results = var.context.bucket_arns.results
  raw     = concat([var.context.bucket_arns.raw], [for bucket in var.additional_raw.buckets : "arn:${var.context.partition}:s3:::${bucket}"])

  policies = { for function, document in data.aws_iam_policy_document.function : function => document.json }

  language_model = var.language_model.secret != null || length(var.language_model.model_arns) > 0

  blocks = {
    ingest = ["settings", "state_ingest", "read_raw", "write_lake", "register_partitions", "receive_ingest", "send_detect"]
    detect = ["settings", "state_detect", "write_findings", "register_partitions", "query_detection", "receive_detect", "send_alert"]
    alert  = ["settings", "state_alert", "secrets", "receive_alert"]
    api    = concat(["settings", "state_api", "query_interactive"], local.language_model ? ["language_model"] : [])
    sweep  = ["settings", "state_sweep", "list_raw", "send_ingest"]
  }

  # A transaction is allowed by the actions of its parts.
  state = {
    ingest = ["dynamodb:GetItem", "dynamodb:PutItem"]
    detect = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
    alert  = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
    api    = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
    sweep  = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
  }

  documents = merge(
    {
      language_model      = data.aws_iam_policy_document.language_model.json
      settings            = data.aws_iam_policy_document.settings.json
      read_raw            = data.aws_iam_policy_document.read_raw.json
      list_raw            = data.aws_iam_policy_document.list_raw.json
      write_lake          = data.aws_iam_policy_document.write_lake.json
      write_findings      = data.aws_iam_policy_document.write_findings.json
      register_partitions = data.aws_iam_policy_document.register_partitions.json
      secrets             = data.aws_iam_policy_document.secrets.json
    },
    { for function, document in data.aws_iam_policy_document.state : "state_${function}" => document.json },
    { for use, document in data.aws_iam_policy_document.query : "query_${use}" => document.json },
    { for queue, document in data.aws_iam_policy_document.receive : "receive_${queue}" => document.json },
    { for queue, document in data.aws_iam_policy_document.send : "send_${queue}" => document.json },
  )
}

data "aws_iam_policy_document" "function" {
  for_each = local.blocks

  source_policy_documents = [for block in each.value : local.documents[block]]
}

# What `mantissa rules push` uploads, and mantissa.toml. Without ListBucket an object that is not
# there would be "forbidden", not "not found".
data "aws_iam_policy_document" "settings" {
  statement {
    sid       = "ReadSettings"
    actions   = ["s3:GetObject"]
    resources = ["${local.lake}/config/*"]
  }

  statement {
    sid       = "FindObjects"
    actions   = ["s3:ListBucket"]
    resources = [local.lake]
  }
}

data "aws_iam_policy_document" "state" {
  for_each = local.state

  statement {
    sid       = "State"
    actions   = each.value
    resources = [var.context.state_table_arn]
  }
}

data "aws_iam_policy_document" "list_raw" {
  statement {
    sid       = "FindRaw"
    actions   = ["s3:ListBucket"]
    resources = local.raw
  }
}

data "aws_iam_policy_document" "read_raw" {
  source_policy_documents = [data.aws_iam_policy_document.list_raw.json]

  statement {
    sid       = "ReadRaw"
    actions   = ["s3:GetObject"]
    resources = [for bucket in local.raw : "${bucket}/*"]
  }
}

# What it wrote it reads again: who comes second compares.
data "aws_iam_policy_document" "write_lake" {
  statement {
    sid       = "WriteLake"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = [for prefix in ["lake", "manifest", "quarantine", "specs"] : "${local.lake}/${prefix}/*"]
  }

  # A worker that was overtaken takes its own files back.
  statement {
    sid       = "TakeBack"
    actions   = ["s3:DeleteObject"]
    resources = [for prefix in ["lake", "quarantine"] : "${local.lake}/${prefix}/*"]
  }
}

# What a run that died left behind is removed by the next one. It may be read with the rest of the
# lake (AthenaReadsLake).
data "aws_iam_policy_document" "write_findings" {
  statement {
    sid       = "WriteFindings"
    actions   = ["s3:DeleteObject", "s3:PutObject"]
    resources = [for table in ["findings", "matches"] : "${local.lake}/lake/${table}/*"]
  }

  statement {
    sid       = "WriteRuns"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${local.lake}/runs/*"]
  }
}

data "aws_iam_policy_document" "register_partitions" {
  statement {
    sid     = "RegisterPartitions"
    actions = ["glue:BatchCreatePartition", "glue:GetTable"]
    resources = [
      var.context.catalog_arn,
      var.context.database_arn,
      "${var.context.table_prefix}/*",
    ]
  }
}

# Athena reads the lake and writes the answer in the name of who asks.
data "aws_iam_policy_document" "query" {
  for_each = var.context.workgroups

  statement {
    sid = "Ask"
    actions = [
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = [var.context.workgroup_arns[each.key]]
  }

  statement {
    sid       = "ReadAnswers"
    actions   = ["s3:GetObject"]
    resources = ["${local.results}/athena/${each.value}/*"]
  }

  statement {
    sid     = "AthenaReadsCatalogue"
    actions = ["glue:BatchGetPartition", "glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable"]
    resources = [
      var.context.catalog_arn,
      var.context.database_arn,
      "${var.context.table_prefix}/*",
    ]
  }

  statement {
    sid       = "AthenaReadsLake"
    actions   = ["s3:GetObject"]
    resources = ["${local.lake}/lake/*"]
  }

  statement {
    sid       = "AthenaFindsBuckets"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [local.lake, local.results]
  }

  statement {
    sid       = "AthenaWritesAnswers"
    actions   = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${local.results}/athena/${each.value}/*"]
  }
}

data "aws_iam_policy_document" "receive" {
  for_each = var.context.queue_arns

  statement {
    sid       = "LambdaReceives"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [each.value]
  }
}

data "aws_iam_policy_document" "send" {
  for_each = var.context.queue_arns

  statement {
    sid       = "Send"
    actions   = ["sqs:SendMessage"]
    resources = [each.value]
  }
}

data "aws_iam_policy_document" "secrets" {
  statement {
    sid     = "ReadSecrets"
    actions = ["secretsmanager:GetSecretValue"]
    # Secrets Manager adds six characters of its own to the ARN.
    resources = length(var.secret_names) == 0 ? ["${var.context.secret_arn_prefix}none-??????"] : [
      for name in var.secret_names : "${var.context.secret_arn_prefix}${name}-??????"
    ]
  }
}

data "aws_iam_policy_document" "language_model" {
  dynamic "statement" {
    for_each = var.language_model.secret == null ? [] : [var.language_model.secret]

    content {
      sid       = "ReadModelKey"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = ["${var.context.secret_arn_prefix}${statement.value}-??????"]
    }
  }

  dynamic "statement" {
    for_each = length(var.language_model.model_arns) == 0 ? [] : [var.language_model.model_arns]

    content {
      sid       = "CallModels"
      actions   = ["bedrock:InvokeModel"]
      resources = statement.value
    }
  }
}
