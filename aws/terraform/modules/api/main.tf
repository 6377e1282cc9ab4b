# The API: tokens are checked and requests are counted before any code of ours runs.

locals {
  stage = "live"

  # method → resource, HTTP method, whether a token is needed. New queries have a resource of their
  # own because they are throttled more than the rest. A preflight carries no token.
  methods = {
    health_get      = { resource = "health", verb = "GET", open = true }
    queries_post    = { resource = "queries", verb = "POST", open = false }
    queries_any     = { resource = "queries", verb = "ANY", open = false }
    queries_options = { resource = "queries", verb = "OPTIONS", open = true }
    proxy_any       = { resource = "proxy", verb = "ANY", open = false }
    proxy_options   = { resource = "proxy", verb = "OPTIONS", open = true }
  }

  resources = {
    health  = aws_api_gateway_resource.health.id
    queries = aws_api_gateway_resource.queries.id
    proxy   = aws_api_gateway_resource.proxy.id
  }

  # What API Gateway answers itself, in the words of the API.
  refusals = {
    UNAUTHORIZED                 = { status = "401", title = "a valid token is needed" }
    ACCESS_DENIED                = { status = "403", title = "this token does not allow it" }
    MISSING_AUTHENTICATION_TOKEN = { status = "404", title = "no such route" }
    THROTTLED                    = { status = "429", title = "too many requests; try again later" }
    REQUEST_TOO_LARGE            = { status = "413", title = "the request is too large" }
    INTEGRATION_TIMEOUT          = { status = "504", title = "no answer in time; ask again with the query's id" }
  }
}

resource "aws_api_gateway_rest_api" "this" {
  #checkov:skip=CKV_AWS_237:the stage switches to a deployment that was made before the old one goes
  name                     = var.context.name
  description              = "Mantissa Log: queries and alerts"
  minimum_compression_size = 1024

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_authorizer" "this" {
  name            = "user-pool"
  rest_api_id     = aws_api_gateway_rest_api.this.id
  type            = "COGNITO_USER_POOLS"
  provider_arns   = [var.user_pool_arn]
  identity_source = "method.request.header.Authorization"
}

resource "aws_api_gateway_resource" "v1" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = "v1"
}

resource "aws_api_gateway_resource" "health" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.v1.id
  path_part   = "health"
}

resource "aws_api_gateway_resource" "queries" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.v1.id
  path_part   = "queries"
}

resource "aws_api_gateway_resource" "proxy" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.v1.id
  path_part   = "{proxy+}"
}

resource "aws_api_gateway_method" "this" {
  #checkov:skip=CKV_AWS_59:open are health, which says nothing, and a browser's preflight, which carries no token; `open` above lists them
  #checkov:skip=CKV2_AWS_53:bodies are checked by the function against types, and refused as problem+json with the field's name
  for_each = local.methods

  rest_api_id          = aws_api_gateway_rest_api.this.id
  resource_id          = local.resources[each.value.resource]
  http_method          = each.value.verb
  authorization        = each.value.open ? "NONE" : "COGNITO_USER_POOLS"
  authorizer_id        = each.value.open ? null : aws_api_gateway_authorizer.this.id
  authorization_scopes = each.value.open ? null : var.scopes
}

resource "aws_api_gateway_integration" "this" {
  for_each = local.methods

  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = local.resources[each.value.resource]
  http_method             = aws_api_gateway_method.this[each.key].http_method
  integration_http_method = "POST"
  type                    = "AWS_PROXY"
  uri                     = var.invoke_arn
}

resource "aws_api_gateway_gateway_response" "this" {
  for_each = local.refusals

  rest_api_id   = aws_api_gateway_rest_api.this.id
  response_type = each.key
  status_code   = each.value.status

  response_parameters = {
    "gatewayresponse.header.Content-Type" = "'application/problem+json'"
  }

  response_templates = {
    "application/json" = jsonencode({ type = "about:blank", title = each.value.title, status = tonumber(each.value.status) })
  }
}

resource "aws_lambda_permission" "this" {
  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = var.context.functions.api
  qualifier     = "live"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/${local.stage}/*/v1/*"
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  # A deployment is a snapshot: whatever changes a route has to make a new one.
  triggers = {
    routes = sha256(jsonencode([local.methods, local.refusals, local.resources, var.scopes, var.invoke_arn, aws_api_gateway_authorizer.this.id]))
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_api_gateway_integration.this, aws_api_gateway_gateway_response.this]
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.context.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

resource "aws_api_gateway_stage" "this" {
  #checkov:skip=CKV_AWS_120:answers belong to one person and change with the data: a cache would be wrong
  #checkov:skip=CKV2_AWS_51:people sign in with tokens, no client holds a certificate
  #checkov:skip=CKV2_AWS_29:the firewall stands in front unless the user switches it off (variable `waf`)
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = local.stage
  xray_tracing_enabled = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      time      = "$context.requestTimeEpoch"
      id        = "$context.requestId"
      source_ip = "$context.identity.sourceIp"
      subject   = "$context.authorizer.claims.sub"
      method    = "$context.httpMethod"
      path      = "$context.path"
      status    = "$context.status"
      bytes     = "$context.responseLength"
      ms        = "$context.responseLatency"
      refused   = "$context.error.responseType"
    })
  }

  depends_on = [aws_api_gateway_account.this]
}

resource "aws_api_gateway_method_settings" "all" {
  #checkov:skip=CKV_AWS_225:see CKV_AWS_120
  #checkov:skip=CKV_AWS_308:there is no cache that could be encrypted
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = true
    logging_level          = "ERROR"
    data_trace_enabled     = false # bodies hold what people ask
    throttling_rate_limit  = var.throttle.rate
    throttling_burst_limit = var.throttle.burst
  }
}

resource "aws_api_gateway_method_settings" "queries" {
  #checkov:skip=CKV_AWS_225:see CKV_AWS_120
  #checkov:skip=CKV_AWS_308:there is no cache that could be encrypted
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "v1/queries/POST"

  settings {
    metrics_enabled        = true
    logging_level          = "ERROR"
    data_trace_enabled     = false
    throttling_rate_limit  = var.throttle.query_rate
    throttling_burst_limit = var.throttle.query_burst
  }

  depends_on = [aws_api_gateway_method_settings.all]
}

module "waf" {
  source = "../waf"
  count  = var.waf.enabled ? 1 : 0

  name               = "${var.context.name}-api"
  scope              = "REGIONAL"
  rate_limit         = var.waf.rate_limit
  log_retention_days = var.log_retention_days
  log_key_arn        = var.log_key_arn
}

resource "aws_wafv2_web_acl_association" "this" {
  count = var.waf.enabled ? 1 : 0

  resource_arn = aws_api_gateway_stage.this.arn
  web_acl_arn  = module.waf[0].arn
}
