output "dataset" {
  description = "The dataset, as SQL names it."
  value       = "${var.project}.${google_bigquery_dataset.this.dataset_id}"
}

output "tables" {
  description = "Names of the tables."
  value       = keys(google_bigquery_table.this)
}
