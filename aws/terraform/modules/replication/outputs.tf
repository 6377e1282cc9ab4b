output "buckets" {
  description = "Bucket of each copy: raw, lake."
  value       = { for purpose, bucket in module.bucket : purpose => bucket.name }
}
