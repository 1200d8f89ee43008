output "lake_bucket" {
  description = "Name of the lake's bucket."
  value       = google_storage_bucket.lake.name
}

output "staging_bucket" {
  description = "Name of the bucket of templates and staged files."
  value       = google_storage_bucket.staging.name
}

output "archive_bucket" {
  description = "Name of the recordings' bucket, or null."
  value       = one(data.google_storage_bucket.archive[*].name)
}
