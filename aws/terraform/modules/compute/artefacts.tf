# The zips: built when what they are made of changes (code, its functions' locks, rules), uploaded under the hash of it. The hash is of
# the inputs, so a plan needs no zip, and the build is deterministic, so equal inputs are equal zips.

locals {
  inputs = sort(distinct(concat(
    [for file in fileset(var.artefacts.sources, "src/**") : file if length(regexall("__pycache__|\\.egg-info", file)) == 0],
    tolist(fileset(var.artefacts.sources, "rules/**")),
    tolist(fileset(var.artefacts.sources, "pyproject.toml")),
  )))

  inputs_hash = substr(sha256(join("\n", concat(
    [var.runtime, var.architecture],
    [for file in local.inputs : "${file} ${filesha256("${var.artefacts.sources}/${file}")}"],
  ))), 0, 32)
}

resource "terraform_data" "package" {
  triggers_replace = {
    inputs = local.inputs_hash
    bucket = var.buckets.lake
  }

  provisioner "local-exec" {
    command     = var.artefacts.command
    working_dir = var.artefacts.folder
  }
}

resource "aws_s3_object" "artefact" {
  for_each = var.context.functions

  bucket      = var.buckets.lake
  key         = "artefacts/${local.inputs_hash}/${each.key}.zip"
  source      = "${var.artefacts.directory}/${each.key}.zip"
  source_hash = local.inputs_hash
  kms_key_id  = var.key_arns.lake

  # An object holds ten tags at most; those of the stack are for what costs money.
  override_provider {
    default_tags {
      tags = {}
    }
  }

  depends_on = [terraform_data.package]
}

resource "aws_s3_object" "config" {
  bucket       = var.buckets.lake
  key          = "config/mantissa.toml"
  content      = var.mantissa_toml
  content_type = "application/toml"
  kms_key_id   = var.key_arns.lake

  override_provider {
    default_tags {
      tags = {}
    }
  }
}
