provider "aws" {
  region = var.aws_region

  default_tags {
    tags = local.tags
  }
}

# CloudFront reads its firewall rules and certificates in this region only.
provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"

  default_tags {
    tags = local.tags
  }
}

# Where copies go; the stack's own region while replication is off.
provider "aws" {
  alias  = "replica"
  region = coalesce(var.replication.region, var.aws_region)

  default_tags {
    tags = local.tags
  }
}
