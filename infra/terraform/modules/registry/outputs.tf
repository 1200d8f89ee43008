output "name" {
  description = "Name of the repository."
  value       = google_artifact_registry_repository.images.repository_id
}

output "address" {
  description = "Start of the images' names."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}
