locals {
  alarms = {
    errors  = { metric = "5XXError", statistic = "Sum", threshold = 5, description = "The API failed more than 5 times in five minutes." }
    latency = { metric = "Latency", statistic = "p95", threshold = 5000, description = "One in twenty requests takes longer than 5 seconds." }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.context.name}-api-gateway-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/ApiGateway"
  metric_name         = each.value.metric
  dimensions          = { ApiName = aws_api_gateway_rest_api.this.name, Stage = local.stage }
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  period              = 300
  evaluation_periods  = 2
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.context.alarm_topic_arn]
  ok_actions          = [var.context.alarm_topic_arn]
}
