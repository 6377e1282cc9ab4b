"""What may differ between Terraform and CloudFormation, each with its reason. Nothing else may."""

from __future__ import annotations

from collections.abc import Mapping

TYPES: Mapping[str, str] = {
    "aws_s3_object": "a template cannot write objects: artefacts lie in ArtefactBucket before, "
    "mantissa.toml and the web UI are copied after (docs/guide/aws/cloudformation.md)",
    "terraform_data": "Terraform builds the artefacts; a template is given them",
    "aws_default_security_group": "CloudFormation cannot take over what AWS made with the VPC; "
    "nothing is put into that group",
}
"""Terraform types that have no row because CloudFormation has nothing of the kind."""

SETTINGS: Mapping[str, str] = {
    r"way out/<group \S+-endpoints> Nowhere": "a group without a rule may reach everything where "
    "CloudFormation makes it; this rule leads to the machine itself",
}
"""Pattern of a difference's whole path → why it may be."""
