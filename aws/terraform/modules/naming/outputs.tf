output "context" {
  description = "Names and ARNs of one deployment; handed to every module, which declares what it reads of it."
  value = {
    name        = local.name
    environment = var.environment
    account_id  = var.account_id
    partition   = var.partition
    region      = var.region

    permissions_boundary_arn = var.permissions_boundary_arn

    buckets     = local.buckets
    bucket_arns = { for purpose, bucket in local.buckets : purpose => "${local.arn}:s3:::${bucket}" }

    queues     = local.queues
    queue_arns = { for queue, name in local.queues : queue => "${local.arn}:sqs:${local.local}:${name}" }

    schedule_dlq     = "${local.name}-schedule-dlq"
    schedule_dlq_arn = "${local.arn}:sqs:${local.local}:${local.name}-schedule-dlq"

    functions = { for function in local.functions : function => "${local.name}-${function}" }
    function_arns = {
      for function in local.functions :
      function => "${local.arn}:lambda:${local.local}:function:${local.name}-${function}"
    }

    state_table     = "${local.name}-state"
    state_table_arn = "${local.arn}:dynamodb:${local.local}:table/${local.name}-state"

    database     = local.database
    catalog_arn  = "${local.arn}:glue:${local.local}:catalog"
    database_arn = "${local.arn}:glue:${local.local}:database/${local.database}"
    table_prefix = "${local.arn}:glue:${local.local}:table/${local.database}"

    workgroups = local.workgroups
    workgroup_arns = {
      for use, name in local.workgroups :
      use => "${local.arn}:athena:${local.local}:workgroup/${name}"
    }

    secret_prefix     = var.secret_prefix
    secret_arn_prefix = "${local.arn}:secretsmanager:${local.local}:secret:${var.secret_prefix}"

    alarm_topic     = "${local.name}-alarms"
    alarm_topic_arn = "${local.arn}:sns:${local.local}:${local.name}-alarms"

    log_group_prefix = "${local.arn}:logs:${local.local}:log-group:"
  }
}
