output "function_arns" {
  description = "ARN of each function's alias `live`."
  value       = { for name, function in module.function : name => function.alias_arn }
}

output "function_names" {
  description = "Name of each function."
  value       = { for name, function in module.function : name => function.name }
}

output "invoke_arns" {
  description = "What API Gateway calls to reach each function's alias."
  value       = { for name, function in module.function : name => function.invoke_arn }
}

output "versions" {
  description = "Newest published version of each function; to roll back, set an older one."
  value       = { for name, function in module.function : name => function.version }
}

output "role_arns" {
  description = "Role of each function."
  value       = { for name, function in module.function : name => function.role_arn }
}

output "log_groups" {
  description = "Log group of each function."
  value       = { for name, function in module.function : name => function.log_group }
}

output "policies" {
  description = "What each function's code may do, as JSON."
  value       = local.policies
}

output "platform_policies" {
  description = "What Lambda does in the name of each function, as JSON."
  value       = { for name, function in module.function : name => function.platform_policy }
}

output "inputs_hash" {
  description = "Hash of what the artefacts are built from."
  value       = local.inputs_hash
}
