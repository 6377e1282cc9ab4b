locals {
  region = var.context.region

  # title → metrics in the words of CloudWatch, and how they are summed up
  graphs = [
    {
      title = "Ingestion: messages waiting, age of the oldest (s)"
      stat  = "Maximum"
      metrics = [
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.context.queues.ingest],
        ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.context.queues.ingest],
      ]
    },
    {
      title = "Ingestion: objects, rows, quarantined records"
      stat  = "Sum"
      metrics = [
        for metric in ["ObjectsIngested", "ObjectsRefused", "RowsWritten", "RecordsQuarantined"] :
        ["Mantissa", metric, "service", "ingest"]
      ]
    },
    {
      title = "Dead letters"
      stat  = "Maximum"
      metrics = concat(
        [for queue in sort(values(var.context.queues)) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${queue}-dlq"]],
        [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.context.schedule_dlq]],
      )
    },
    {
      title   = "Functions: calls"
      stat    = "Sum"
      metrics = [for name in sort(values(var.context.functions)) : ["AWS/Lambda", "Invocations", "FunctionName", name]]
    },
    {
      title   = "Functions: errors"
      stat    = "Sum"
      metrics = [for name in sort(values(var.context.functions)) : ["AWS/Lambda", "Errors", "FunctionName", name]]
    },
    {
      title   = "Functions: longest (ms)"
      stat    = "Maximum"
      metrics = [for name in sort(values(var.context.functions)) : ["AWS/Lambda", "Duration", "FunctionName", name]]
    },
    {
      title = "Detection: findings, alerts, failed rules, objects pending"
      stat  = "Sum"
      metrics = [
        for metric in ["Findings", "Alerts", "RulesFailed", "ObjectsPending"] :
        ["Mantissa", metric, "service", "detect"]
      ]
    },
    {
      title = "Delivery: sent, failed for now, dead, waiting"
      stat  = "Sum"
      metrics = [
        for metric in ["MessagesSent", "MessagesFailed", "MessagesDead", "MessagesWaiting"] :
        ["Mantissa", metric, "service", "alert"]
      ]
    },
    {
      title   = "Athena: bytes scanned"
      stat    = "Sum"
      metrics = [for name in sort(values(var.context.workgroups)) : ["AWS/Athena", "ProcessedBytes", "WorkGroup", name]]
    },
    {
      title   = "Athena: time (ms)"
      stat    = "p95"
      metrics = [for name in sort(values(var.context.workgroups)) : ["AWS/Athena", "TotalExecutionTime", "WorkGroup", name]]
    },
    {
      title = "API: requests and errors"
      stat  = "Sum"
      metrics = [
        for metric in ["Count", "4XXError", "5XXError"] :
        ["AWS/ApiGateway", metric, "ApiName", var.context.name, "Stage", "live"]
      ]
    },
    {
      title   = "API: latency (ms)"
      stat    = "p95"
      metrics = [["AWS/ApiGateway", "Latency", "ApiName", var.context.name, "Stage", "live"]]
    },
    {
      title = "Buckets: bytes"
      stat  = "Average"
      metrics = [
        for purpose in ["raw", "lake"] :
        ["AWS/S3", "BucketSizeBytes", "BucketName", var.context.buckets[purpose], "StorageType", "StandardStorage"]
      ]
    },
    {
      title = "State: capacity used"
      stat  = "Sum"
      metrics = [
        for metric in ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"] :
        ["AWS/DynamoDB", metric, "TableName", var.context.state_table]
      ]
    },
  ]

  widgets = [
    for number, graph in local.graphs : {
      type   = "metric"
      x      = (number % 2) * 12
      y      = floor(number / 2) * 6
      width  = 12
      height = 6
      properties = {
        title   = graph.title
        region  = local.region
        view    = "timeSeries"
        stat    = graph.stat
        period  = 300
        metrics = graph.metrics
      }
    }
  ]

  last_errors = {
    type   = "log"
    x      = 0
    y      = ceil(length(local.graphs) / 2) * 6
    width  = 24
    height = 6
    properties = {
      title  = "Last errors of the functions"
      region = local.region
      view   = "table"
      query = join(" | ", concat(
        [for group in sort(values(var.log_groups)) : "SOURCE '${group}'"],
        ["fields @timestamp, service, message, @logStream", "filter level in ['ERROR', 'CRITICAL']", "sort @timestamp desc", "limit 20"],
      ))
    }
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard ? 1 : 0

  dashboard_name = var.context.name
  dashboard_body = jsonencode({ widgets = concat(local.widgets, [local.last_errors]) })
}
