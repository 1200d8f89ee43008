# The lake's tables in SQL. BigQuery reads the Parquet where it lies; publishing needs no step here.
locals {
  # written by `python -m infra.terraform.columns` from schemas/tables/night_tables.py
  tables = jsondecode(file("${path.module}/tables.json"))
  root   = "gs://${var.lake_bucket}/${var.prefix}tables"
}

resource "google_bigquery_dataset" "this" {
  # checkov:skip=CKV_GCP_81:the data lie in the lake's bucket; the dataset holds definitions
  project       = var.project
  location      = var.location
  dataset_id    = var.dataset
  description   = "af3-archive: what was heard, said and answered"
  labels        = var.labels
  friendly_name = "af3-archive"
}

# Readers of the dataset need no access to the bucket: this connection reads for them.
resource "google_bigquery_connection" "lake" {
  project       = var.project
  location      = var.location
  connection_id = "${replace(var.dataset, "_", "-")}-lake"
  description   = "Reads the tables' objects for BigQuery"
  cloud_resource {}
}

resource "google_storage_bucket_iam_member" "connection" {
  bucket = var.lake_bucket
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${google_bigquery_connection.lake.cloud_resource[0].service_account_id}"
  condition {
    title = "tables"
    expression = join(" || ", [
      "resource.name.startsWith(\"projects/_/buckets/${var.lake_bucket}/objects/${var.prefix}tables/\")",
      "api.getAttribute(\"storage.googleapis.com/objectListPrefix\", \"\").startsWith(\"${var.prefix}tables/\")",
    ])
  }
}

resource "google_bigquery_table" "this" {
  # checkov:skip=CKV_GCP_80:the data lie in the lake's bucket; the table is a definition
  # checkov:skip=CKV_GCP_121:no data is lost with it; a schema's new version replaces it
  for_each            = local.tables
  project             = var.project
  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  description         = each.value.description
  labels              = var.labels
  deletion_protection = false
  schema              = jsonencode(each.value.columns)
  # a night that was replaced is seen at the latest after this time
  max_staleness = "0-0 0 0:30:0"
  # corpus and date, which the server adds, are no change
  ignore_auto_generated_schema = true

  external_data_configuration {
    autodetect          = false
    source_format       = "PARQUET"
    source_uris         = ["${local.root}/${each.key}/*"]
    connection_id       = google_bigquery_connection.lake.name
    metadata_cache_mode = "AUTOMATIC"

    parquet_options {
      # lists as arrays, without `list.element`
      enable_list_inference = true
    }

    hive_partitioning_options {
      mode                     = "CUSTOM"
      source_uri_prefix        = "${local.root}/${each.key}/{corpus:STRING}/{date:DATE}"
      require_partition_filter = var.require_partition_filter
    }
  }

  depends_on = [google_storage_bucket_iam_member.connection]
}

resource "google_bigquery_dataset_iam_member" "readers" {
  for_each   = toset(var.readers)
  project    = var.project
  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.key
}
