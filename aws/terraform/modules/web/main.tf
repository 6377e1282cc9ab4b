# The web UI: a private bucket behind CloudFront, strict headers, and the API under the same name.

locals {
  # CloudFront's own policies have fixed ids (Amazon CloudFront Developer Guide, managed policies).
  caching_optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  caching_disabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  all_but_host      = "b689b0a8-53d0-40ab-baf2-38738e2966ac"

  content_security_policy = join("; ", [
    "default-src 'self'",
    "connect-src 'self' https://cognito-idp.${var.context.region}.amazonaws.com https://${var.sign_in_domain}",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
    "require-trusted-types-for 'script'",
    "upgrade-insecure-requests",
  ])

  assets = fileset(var.assets_directory, "**")
  content_types = {
    css   = "text/css; charset=utf-8"
    html  = "text/html; charset=utf-8"
    ico   = "image/vnd.microsoft.icon"
    js    = "text/javascript; charset=utf-8"
    json  = "application/json"
    map   = "application/json"
    png   = "image/png"
    svg   = "image/svg+xml"
    txt   = "text/plain; charset=utf-8"
    woff2 = "font/woff2"
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "OurDistributionReads"
    actions   = ["s3:GetObject"]
    resources = ["${var.context.bucket_arns.web}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudfront_distribution.this.arn]
    }
  }
}

# The page is the same for everybody and no secret, so S3's own keys do.
module "bucket" {
  source = "../bucket"

  name             = var.context.buckets.web
  arn              = var.context.bucket_arns.web
  customer_key     = false
  policy_documents = [data.aws_iam_policy_document.read.json]
  log_bucket       = var.log_bucket
  force_destroy    = var.force_destroy
}

resource "aws_s3_object" "asset" {
  for_each = local.assets

  bucket        = module.bucket.name
  key           = each.value
  source        = "${var.assets_directory}/${each.value}"
  source_hash   = filesha256("${var.assets_directory}/${each.value}")
  content_type  = lookup(local.content_types, reverse(split(".", each.value))[0], "application/octet-stream")
  cache_control = endswith(each.value, ".html") ? "no-cache" : "public, max-age=86400"

  override_provider {
    default_tags {
      tags = {}
    }
  }
}

resource "aws_cloudfront_origin_access_control" "this" {
  name                              = var.context.name
  description                       = "Lets CloudFront read the web bucket"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_response_headers_policy" "this" {
  name    = var.context.name
  comment = "Mantissa Log: nothing from elsewhere, no framing, HTTPS only"

  security_headers_config {
    content_security_policy {
      content_security_policy = local.content_security_policy
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "no-referrer"
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = true
      preload                    = true
      override                   = true
    }
  }

  # Nobody needs to know what serves the page.
  remove_headers_config {
    items {
      header = "Server"
    }
  }

  custom_headers_config {
    items {
      header   = "Cross-Origin-Opener-Policy"
      value    = "same-origin"
      override = true
    }

    items {
      header   = "Permissions-Policy"
      value    = "camera=(), geolocation=(), microphone=()"
      override = true
    }
  }
}

# Paths without a file are the page's own router's. An error page could do it too, but it would also
# replace the API's answers.
resource "aws_cloudfront_function" "rewrite" {
  count = var.rewrite ? 1 : 0

  name    = "${var.context.name}-rewrite"
  comment = "Serves the page for the paths of its router"
  runtime = "cloudfront-js-2.0"
  publish = true
  code    = file("${path.module}/rewrite.js")
}

module "waf" {
  source = "../waf"
  count  = var.waf.enabled ? 1 : 0

  providers = {
    aws = aws.us_east_1
  }

  name               = "${var.context.name}-web"
  scope              = "CLOUDFRONT"
  rate_limit         = var.waf.rate_limit
  log_retention_days = var.log_retention_days
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_86:the firewall logs every request; CloudFront's older logs need a bucket with access lists
  #checkov:skip=CKV_AWS_174:CloudFront's own name allows no choice of TLS; with `domain` the least is TLS 1.2
  #checkov:skip=CKV2_AWS_42:a name and certificate are the user's to have (variable `domain`)
  #checkov:skip=CKV_AWS_310:the page has one bucket; while that is away the API and the CLI still work
  #checkov:skip=CKV_AWS_374:who may sign in is decided by account, not by country
  #checkov:skip=CKV2_AWS_47:the firewall stands in front unless switched off, and carries the rule set against Log4j
  #checkov:skip=CKV_AWS_68:the firewall stands in front unless the user switches it off (variable `waf`)
  enabled             = true
  comment             = "${var.context.name} web UI"
  default_root_object = "index.html"
  http_version        = "http2and3"
  is_ipv6_enabled     = true
  price_class         = var.price_class
  aliases             = var.domain == null ? [] : [var.domain.name]
  web_acl_id          = var.waf.enabled ? module.waf[0].arn : null

  origin {
    origin_id                = "web"
    domain_name              = "${var.context.buckets.web}.s3.${var.context.region}.amazonaws.com"
    origin_access_control_id = aws_cloudfront_origin_access_control.this.id
  }

  origin {
    origin_id   = "api"
    domain_name = var.api.domain_name
    origin_path = "/${var.api.stage}"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id           = "web"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    viewer_protocol_policy     = "redirect-to-https"
    compress                   = true
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id

    dynamic "function_association" {
      for_each = aws_cloudfront_function.rewrite

      content {
        event_type   = "viewer-request"
        function_arn = function_association.value.arn
      }
    }
  }

  ordered_cache_behavior {
    path_pattern               = "/v1/*"
    target_origin_id           = "api"
    allowed_methods            = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    cached_methods             = ["GET", "HEAD"]
    viewer_protocol_policy     = "https-only"
    compress                   = true
    cache_policy_id            = local.caching_disabled
    origin_request_policy_id   = local.all_but_host
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = var.domain == null
    acm_certificate_arn            = try(var.domain.certificate_arn, null)
    ssl_support_method             = var.domain == null ? null : "sni-only"
    minimum_protocol_version       = var.domain == null ? "TLSv1" : "TLSv1.2_2021"
  }
}
