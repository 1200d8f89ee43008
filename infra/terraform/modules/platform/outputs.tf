output "lake" {
  description = "What a corpus writes as `out`."
  value       = "gs://${module.storage.lake_bucket}/${trimsuffix(var.prefixes[0], "/")}"
}

output "images" {
  description = "Start of the images' names: publish.sh's first argument."
  value       = module.registry.address
}

output "templates" {
  description = "Where templates lie, below a prefix per release: publish.sh's third argument."
  value       = "gs://${module.storage.staging_bucket}/templates"
}

output "accounts" {
  description = "E-mails of the accounts cpu, gpu and airflow."
  value       = module.identity.emails
}

output "subnetwork" {
  description = "The workers' subnet, as Dataflow's option takes it."
  value       = module.network.subnetwork_option
}

output "dataset" {
  description = "The tables in BigQuery."
  value       = module.bigquery.dataset
}

output "dag_prefix" {
  description = "Where Composer reads DAGs, or null."
  value       = one(module.composer[*].dag_prefix)
}

output "airflow_uri" {
  description = "Composer's UI, or null."
  value       = one(module.composer[*].airflow_uri)
}
