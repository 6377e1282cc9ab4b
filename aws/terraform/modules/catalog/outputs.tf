output "database" {
  description = "Name of the Glue database."
  value       = aws_glue_catalog_database.this.name
}

output "tables" {
  description = "Names of the tables, sorted."
  value       = sort([for table in aws_glue_catalog_table.table : table.name])
}

output "views" {
  description = "Names of the views, sorted."
  value       = sort([for view in aws_glue_catalog_table.view : view.name])
}

output "workgroups" {
  description = "Athena workgroup of each use: detection, interactive."
  value       = { for use, workgroup in aws_athena_workgroup.this : use => workgroup.name }
}
