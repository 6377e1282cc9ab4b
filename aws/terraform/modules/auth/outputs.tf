output "user_pool_id" {
  description = "Id of the user pool."
  value       = aws_cognito_user_pool.this.id
}

output "user_pool_arn" {
  description = "ARN of the user pool."
  value       = aws_cognito_user_pool.this.arn
}

output "client_id" {
  description = "Id of the client that the web UI and the CLI use; it is no secret."
  value       = aws_cognito_user_pool_client.this.id
}

output "issuer" {
  description = "Who signs the tokens."
  value       = "https://${aws_cognito_user_pool.this.endpoint}"
}

output "scopes" {
  description = "Scopes of which an access token needs one: of the sign-in page, or of a sign-in by SRP."
  value       = concat(aws_cognito_resource_server.api.scope_identifiers, ["aws.cognito.signin.user.admin"])
}

output "sign_in_url" {
  description = "Address of the sign-in page."
  value       = "https://${aws_cognito_user_pool_domain.this.domain}.auth.${var.context.region}.amazoncognito.com"
}
