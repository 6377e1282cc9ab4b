# A VPC without a way to the internet: functions reach AWS through endpoints and nothing else.

# Zones that everybody has; those to be opted into come and go.
data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:the first two names are taken; a new zone comes behind them, and `zones` pins others
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zones    = coalesce(var.zones, slice(data.aws_availability_zones.available.names, 0, 2))
  gateways = ["dynamodb", "s3"]
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.context.name }
}

# What AWS allows in a new VPC's default group is taken away.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "private" {
  count = length(local.zones)

  vpc_id            = aws_vpc.this.id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet(var.cidr, 1, count.index)
  tags              = { Name = "${var.context.name}-${local.zones[count.index]}" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = var.context.name }
}

resource "aws_route_table_association" "private" {
  count = length(local.zones)

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

resource "aws_security_group" "functions" {
  #checkov:skip=CKV2_AWS_5:the compute module puts functions into it
  name        = "${var.context.name}-functions"
  description = "Functions: out to AWS endpoints, nothing in"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.context.name}-functions" }
}

resource "aws_security_group" "endpoints" {
  name        = "${var.context.name}-endpoints"
  description = "Endpoints: HTTPS from the functions"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.context.name}-endpoints" }
}

resource "aws_vpc_security_group_egress_rule" "functions_endpoints" {
  security_group_id            = aws_security_group.functions.id
  description                  = "HTTPS to the interface endpoints"
  referenced_security_group_id = aws_security_group.endpoints.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "functions_gateways" {
  for_each = aws_vpc_endpoint.gateway

  security_group_id = aws_security_group.functions.id
  description       = "HTTPS to ${each.key}"
  prefix_list_id    = each.value.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  security_group_id            = aws_security_group.endpoints.id
  description                  = "HTTPS from the functions"
  referenced_security_group_id = aws_security_group.functions.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

# Through an endpoint only this account's roles may act, and only on its service: stolen credentials
# of another account do not work here.
data "aws_iam_policy_document" "endpoint" {
  #checkov:skip=CKV_AWS_356:an endpoint's policy bounds who may pass; what a role may do where is in the role's own policy
  #checkov:skip=CKV_AWS_111:see CKV_AWS_356
  #checkov:skip=CKV_AWS_109:see CKV_AWS_356
  #checkov:skip=CKV_AWS_108:see CKV_AWS_356
  #checkov:skip=CKV_AWS_107:see CKV_AWS_356
  for_each = toset(concat(local.gateways, var.services))

  statement {
    sid       = "OurRoles"
    actions   = ["${split("-", each.value)[0]}:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [var.context.account_id]
    }
  }
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = toset(local.gateways)

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.context.region}.${each.value}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
  policy            = data.aws_iam_policy_document.endpoint[each.value].json
  tags              = { Name = "${var.context.name}-${each.value}" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = toset(var.services)

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.context.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = aws_subnet.private[*].id
  security_group_ids  = [aws_security_group.endpoints.id]
  policy              = data.aws_iam_policy_document.endpoint[each.value].json
  tags                = { Name = "${var.context.name}-${each.value}" }
}

# The lake watches its own network too.
resource "aws_flow_log" "this" {
  vpc_id               = aws_vpc.this.id
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = var.flow_log_bucket_arn
  tags                 = { Name = var.context.name }
}
