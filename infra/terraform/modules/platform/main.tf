# Everything of one environment. What differs between dev and prod is a variable.
locals {
  labels = { application = "af3-archive", environment = var.environment }
  services = [
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "bigqueryconnection.googleapis.com",
    "billingbudgets.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "composer.googleapis.com",
    "compute.googleapis.com",
    "dataflow.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "storage.googleapis.com",
  ]
}

resource "google_project_service" "this" {
  for_each           = toset(local.services)
  project            = var.project
  service            = each.key
  disable_on_destroy = false
}

module "storage" {
  source                  = "../storage"
  project                 = var.project
  location                = var.region
  lake_bucket             = "${var.project}-af3-lake"
  staging_bucket          = "${var.project}-af3-staging"
  archive_bucket          = var.archive_bucket
  prefixes                = var.prefixes
  soft_delete_days        = var.soft_delete_days
  clips_cold_after_days   = var.clips_cold_after_days
  clips_delete_after_days = var.clips_delete_after_days
  labels                  = local.labels
  depends_on              = [google_project_service.this]
}

module "network" {
  source     = "../network"
  project    = var.project
  region     = var.region
  name       = "af3"
  cidr       = var.cidr
  depends_on = [google_project_service.this]
}

module "registry" {
  source     = "../registry"
  project    = var.project
  region     = var.region
  name       = "af3"
  labels     = local.labels
  depends_on = [google_project_service.this]
}

module "identity" {
  source              = "../identity"
  project             = var.project
  region              = var.region
  name                = "af3"
  lake_bucket         = module.storage.lake_bucket
  staging_bucket      = module.storage.staging_bucket
  archive_bucket      = module.storage.archive_bucket
  prefixes            = var.prefixes
  repository          = module.registry.name
  analysts            = var.analysts
  kubernetes_accounts = var.kubernetes_accounts
}

module "bigquery" {
  source      = "../bigquery"
  project     = var.project
  location    = var.region
  dataset     = "af3"
  lake_bucket = module.storage.lake_bucket
  prefix      = var.prefixes[0]
  readers     = var.analysts
  labels      = local.labels
  depends_on  = [google_project_service.this]
}

module "composer" {
  count             = var.composer == null ? 0 : 1
  source            = "../composer"
  project           = var.project
  region            = var.region
  name              = "af3"
  image_version     = var.composer.image_version
  size              = var.composer.size
  highly_resilient  = var.composer.highly_resilient
  web_server_ranges = var.composer.web_server_ranges
  network           = module.network.network
  subnetwork        = module.network.subnetwork
  service_account   = module.identity.emails["airflow"]
  snapshot_bucket   = module.storage.staging_bucket
  environment       = { AF3_CORPORA = "/home/airflow/gcs/data/corpora" }
  labels            = local.labels
  # Airflow's account must have its roles before its environment starts
  depends_on = [module.identity]
}

module "budget" {
  source          = "../budget"
  project         = var.project
  billing_account = var.billing_account
  monthly         = var.monthly_budget
  currency        = var.currency
  emails          = var.budget_emails
  depends_on      = [google_project_service.this]
}
