output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "alias_arn" {
  description = "ARN of the alias `live`."
  value       = aws_lambda_alias.live.arn
}

output "invoke_arn" {
  description = "What API Gateway calls to reach the alias."
  value       = aws_lambda_alias.live.invoke_arn
}

output "version" {
  description = "Newest published version."
  value       = aws_lambda_function.this.version
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = aws_iam_role.this.arn
}

output "log_group" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "platform_policy" {
  description = "What Lambda does in the name of the function, as JSON."
  value       = data.aws_iam_policy_document.platform.json
}
