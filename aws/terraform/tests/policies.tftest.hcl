# Who may do what, read from the plan: no cloud is asked, and nothing is mocked but the account's id.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "us_east_1"
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "replica"
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  aws_region        = "eu-west-1"
  environment       = "test"
  slack_webhook_url = "https://hooks.example/secret"
  pagerduty_api_key = "secret"
}

run "functions" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for policy in values(module.compute.policies) : [
        for statement in jsondecode(policy).Statement : [
          for action in flatten([statement.Action]) : !strcontains(action, "*")
        ]
      ]
    ]))
    error_message = "A function's policy names an action with a wildcard."
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(module.compute.policies) : [
        for statement in jsondecode(policy).Statement : [
          for resource in flatten([statement.Resource]) : startswith(resource, "arn:aws:") && !endswith(resource, ":*")
        ]
      ]
    ]))
    error_message = "A function's policy names everything as its resource."
  }

  # Tracing is the one thing that Lambda does for which AWS has no resource.
  assert {
    condition = alltrue(flatten([
      for policy in values(module.compute.platform_policies) : [
        for statement in jsondecode(policy).Statement :
        statement.Sid == "Trace" || !contains(flatten([statement.Resource]), "*")
      ]
    ]))
    error_message = "Lambda may do more than trace on everything."
  }

  # What Athena and Lambda do in a function's name stands apart (their Sids say so).
  assert {
    condition = {
      for function, policy in module.compute.policies : function => join(" ", sort(distinct(flatten([
        for statement in jsondecode(policy).Statement : [for action in flatten([statement.Action]) : action]
        if length(regexall("^(Athena|Lambda)", statement.Sid)) == 0
      ])))) } == {
      ingest = "dynamodb:GetItem dynamodb:PutItem glue:BatchCreatePartition glue:GetTable s3:DeleteObject s3:GetObject s3:ListBucket s3:PutObject sqs:SendMessage"
      detect = "athena:GetQueryExecution athena:GetQueryResults athena:StartQueryExecution athena:StopQueryExecution dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query glue:BatchCreatePartition glue:GetTable s3:DeleteObject s3:GetObject s3:ListBucket s3:PutObject sqs:SendMessage"
      alert  = "dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query s3:GetObject s3:ListBucket secretsmanager:GetSecretValue"
      api    = "athena:GetQueryExecution athena:GetQueryResults athena:StartQueryExecution athena:StopQueryExecution dynamodb:GetItem dynamodb:PutItem dynamodb:Query s3:GetObject s3:ListBucket"
      sweep  = "dynamodb:GetItem dynamodb:PutItem dynamodb:Query s3:GetObject s3:ListBucket sqs:SendMessage"
    }
    error_message = "A function may do something else than the table in this test says; change both, on purpose."
  }

  assert {
    condition = sort(flatten([
      for statement in jsondecode(module.compute.policies.alert).Statement : statement.Resource
      if contains(flatten([statement.Action]), "secretsmanager:GetSecretValue")
      ])) == tolist([
      "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mantissa-log/pagerduty-api-key-??????",
      "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mantissa-log/slack-webhook-??????",
    ])
    error_message = "The alert function reads other secrets than its two."
  }

  # What a person asks for, and what a rule finds, cannot change the logs.
  assert {
    condition = alltrue(flatten([
      for function in ["alert", "api", "detect", "sweep"] : [
        for statement in jsondecode(module.compute.policies[function]).Statement : [
          for resource in flatten([statement.Resource]) :
          !strcontains(resource, ":s3:::mantissa-test-lake-") || strcontains(resource, "/lake/findings/") || strcontains(resource, "/lake/matches/") || strcontains(resource, "/runs/")
        ] if length(setintersection(flatten([statement.Action]), ["s3:DeleteObject", "s3:PutObject"])) > 0
      ]
    ]))
    error_message = "A function other than ingest may write logs."
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(module.compute.policies) : [
        for statement in jsondecode(policy).Statement : [
          for resource in flatten([statement.Resource]) : !strcontains(resource, "-audit-")
        ]
      ]
    ]))
    error_message = "A function reaches the audit records."
  }

  assert {
    condition = alltrue([
      for arn in flatten([for statement in jsondecode(module.scheduling.policy).Statement : statement.Resource if contains(flatten([statement.Action]), "lambda:InvokeFunction")]) :
      endswith(arn, ":live")
    ])
    error_message = "The scheduler calls something else than live aliases."
  }
}

run "buckets" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for policy in concat(values(module.storage.policies), module.audit[*].policy) : [
        for sid in ["RefusePlainHttp", "RefuseOldTls"] : contains([for statement in jsondecode(policy).Statement : statement.Sid], sid)
      ]
    ]))
    error_message = "A bucket takes plain HTTP or old TLS."
  }

  assert {
    condition = alltrue([
      for purpose in ["raw", "lake", "results"] :
      contains([for statement in jsondecode(module.storage.policies[purpose]).Statement : statement.Sid], "RefuseOtherEncryption")
    ])
    error_message = "A bucket takes objects under another encryption than its key's."
  }

  assert {
    condition = one([
      for statement in jsondecode(module.storage.policies.lake).Statement : statement.Condition if statement.Sid == "RefuseOverwriting"
    ]).Null["s3:if-none-match"] == "true"
    error_message = "What is in the lake can be overwritten."
  }

  # Only AWS services deliver into the raw bucket, and only for accounts that were named.
  assert {
    condition = alltrue([
      for statement in jsondecode(module.storage.policies.raw).Statement :
      try(can(statement.Principal.Service) && statement.Condition.StringEquals["aws:SourceAccount"] == "123456789012", false)
      if statement.Effect == "Allow"
    ])
    error_message = "Somebody else may write into the raw bucket."
  }

  assert {
    condition = alltrue([
      for action in ["s3:BypassGovernanceRetention", "s3:PutObjectRetention", "s3:PutObjectLegalHold"] :
      contains(one([for statement in jsondecode(module.audit[0].policy).Statement : statement.Action if statement.Sid == "RefuseToUnlock"]), action)
    ])
    error_message = "Audit records can be unlocked."
  }
}

run "other_accounts" {
  command = plan

  variables {
    delivery_account_ids = ["111122223333"]
    organisation_id      = "o-a1b2c3d4e5"
    forwarders           = { "444455556666" = { external_id = "a-long-external-id" } }
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(module.storage.policies.raw).Statement :
      try(contains(statement.Condition.StringEquals["aws:SourceAccount"], "111122223333"), false)
    ])
    error_message = "A named account cannot deliver."
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(module.storage.policies.raw).Statement :
      try(statement.Condition.StringEquals["aws:SourceOrgID"] == "o-a1b2c3d4e5", false)
    ])
    error_message = "The organisation cannot deliver."
  }

  assert {
    condition     = jsondecode(module.forwarder.policies["444455556666"]).Statement[0].Resource == "arn:aws:s3:::mantissa-test-raw-123456789012-eu-west-1/forwarded/444455556666/*"
    error_message = "A forwarder may write outside its own prefix."
  }
}
