output "url" {
  description = "Address of the API."
  value       = aws_api_gateway_stage.this.invoke_url
}

output "id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.this.id
}

output "stage" {
  description = "Name of the stage."
  value       = local.stage
}

output "domain_name" {
  description = "Host that the API answers at, behind the stage's name."
  value       = "${aws_api_gateway_rest_api.this.id}.execute-api.${var.context.region}.amazonaws.com"
}
