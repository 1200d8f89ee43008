output "dag_prefix" {
  description = "Where the folder dags goes, and beside it schemas and af3core."
  value       = google_composer_environment.this.config[0].dag_gcs_prefix
}

output "airflow_uri" {
  description = "Address of the UI."
  value       = google_composer_environment.this.config[0].airflow_uri
}
