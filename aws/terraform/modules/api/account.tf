# API Gateway writes logs with one role for the whole region of an account.

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }
  }
}

data "aws_iam_policy_document" "logs" {
  statement {
    sid = "WriteLogs"
    actions = [
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:DescribeLogStreams",
      "logs:FilterLogEvents",
      "logs:GetLogEvents",
      "logs:PutLogEvents",
    ]
    resources = [
      for group in ["/aws/apigateway/*", "API-Gateway-Execution-Logs_*"] :
      "arn:${var.context.partition}:logs:${var.context.region}:${var.context.account_id}:log-group:${group}"
    ]
  }

  statement {
    # API Gateway looks for its groups among all; this action knows no single one.
    sid       = "FindLogs"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["arn:${var.context.partition}:logs:${var.context.region}:${var.context.account_id}:log-group:*"]
  }
}

resource "aws_iam_role" "logs" {
  count = var.manage_account ? 1 : 0

  name                 = "${var.context.name}-api-logs"
  description          = "Lets API Gateway write its logs"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.context.permissions_boundary_arn
}

resource "aws_iam_role_policy" "logs" {
  count = var.manage_account ? 1 : 0

  name   = "logs"
  role   = aws_iam_role.logs[0].id
  policy = data.aws_iam_policy_document.logs.json
}

resource "aws_api_gateway_account" "this" {
  count = var.manage_account ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.logs[0].arn

  depends_on = [aws_iam_role_policy.logs]
}
