# Who may do what. One account per kind of work; no keys are made: workloads get theirs from the
# platform.
resource "google_service_account" "this" {
  for_each     = local.accounts
  project      = var.project
  account_id   = "${var.name}-${each.key}"
  display_name = "af3-archive: ${each.value}"
}

locals {
  accounts = {
    cpu     = "CPU workers and launchers"
    gpu     = "GPU workers"
    airflow = "Airflow"
  }
  member = { for key, account in google_service_account.this : key => "serviceAccount:${account.email}" }
  # condition of a prefix: on objects, and on listings, whose resource is the bucket
  below = {
    for prefix in var.prefixes : prefix => {
      for group, folders in {
        analysts  = var.analyst_folders
        withdrawn = ["withdrawn/"]
        gpu       = ["ledger/", "claims/", "reports/"]
        airflow   = ["reports/"]
        } : group => flatten([
          for folder in folders : [
            "resource.name.startsWith(\"projects/_/buckets/${var.lake_bucket}/objects/${prefix}${folder}\")",
            "api.getAttribute(\"storage.googleapis.com/objectListPrefix\", \"\").startsWith(\"${prefix}${folder}\")",
          ]
      ])
    }
  }
  objects_below = {
    for group in ["gpu", "airflow"] :
    group => join(" || ", flatten([for prefix in var.prefixes : local.below[prefix][group]]))
  }
}

# --- workers ---------------------------------------------------------------------------------

# Google's dataflow.worker and composer.worker also reach objects of buckets of this project: a
# lake in a project of its own is reached by the grants below alone.
resource "google_project_iam_member" "worker" {
  for_each = {
    for pair in setproduct(["cpu", "gpu"], [
      "roles/dataflow.worker",
      "roles/logging.logWriter",
      "roles/monitoring.metricWriter",
    ]) : join(" ", pair) => { account = pair[0], role = pair[1] }
  }
  project = var.project
  role    = each.value.role
  member  = local.member[each.value.account]
}

resource "google_artifact_registry_repository_iam_member" "worker" {
  for_each   = toset(["cpu", "gpu"])
  project    = var.project
  location   = var.region
  repository = var.repository
  role       = "roles/artifactregistry.reader"
  member     = local.member[each.key]
}

resource "google_storage_bucket_iam_member" "staging" {
  for_each = toset(["cpu", "gpu"])
  bucket   = var.staging_bucket
  role     = "roles/storage.objectUser"
  member   = local.member[each.key]
}

# CPU jobs write everything in the lake.
resource "google_storage_bucket_iam_member" "cpu_lake" {
  bucket = var.lake_bucket
  role   = "roles/storage.objectUser"
  member = local.member["cpu"]
}

# annotate reads clips and ledger, and writes answers, claims and its report.
resource "google_storage_bucket_iam_member" "gpu_lake_reads" {
  bucket = var.lake_bucket
  role   = "roles/storage.objectViewer"
  member = local.member["gpu"]
}

resource "google_storage_bucket_iam_member" "gpu_lake_writes" {
  bucket = var.lake_bucket
  role   = "roles/storage.objectUser"
  member = local.member["gpu"]
  condition {
    title      = "ledger, claims and reports"
    expression = local.objects_below["gpu"]
  }
}

# annotate too looks whether its source is there before it begins.
resource "google_storage_bucket_iam_member" "archive" {
  for_each = var.archive_bucket == null ? toset([]) : toset(["cpu", "gpu"])
  bucket   = var.archive_bucket
  role     = "roles/storage.objectViewer"
  member   = local.member[each.key]
}

# --- Airflow ---------------------------------------------------------------------------------

resource "google_project_iam_member" "airflow" {
  # checkov:skip=CKV_GCP_49:Composer asks for composer.worker; starting jobs is its work, acts_as says as whom
  for_each = toset([
    "roles/composer.worker",
    "roles/dataflow.developer",
  ])
  project = var.project
  role    = each.key
  member  = local.member["airflow"]
}

# Tasks that run as cpu submit pipelines themselves.
resource "google_project_iam_member" "submits" {
  # checkov:skip=CKV_GCP_49:starting jobs is its work; acts_as says as whom
  project = var.project
  role    = "roles/dataflow.developer"
  member  = local.member["cpu"]
}

# Dataflow's jobs are started as the workers' accounts, and as no other.
resource "google_service_account_iam_member" "acts_as" {
  for_each = {
    for pair in setproduct(["airflow", "cpu"], ["cpu", "gpu"]) :
    join(" as ", pair) => { who = pair[0], account = pair[1] }
  }
  service_account_id = google_service_account.this[each.value.account].name
  role               = "roles/iam.serviceAccountUser"
  member             = local.member[each.value.who]
}

resource "google_storage_bucket_iam_member" "airflow_templates" {
  bucket = var.staging_bucket
  role   = "roles/storage.objectViewer"
  member = local.member["airflow"]
}

resource "google_storage_bucket_iam_member" "airflow_reports" {
  bucket = var.lake_bucket
  role   = "roles/storage.objectViewer"
  member = local.member["airflow"]
  condition {
    title      = "reports of the jobs"
    expression = local.objects_below["airflow"]
  }
}

# --- Kubernetes ------------------------------------------------------------------------------

resource "google_service_account_iam_member" "workload_identity" {
  for_each = {
    for pair in flatten([
      for account, names in var.kubernetes_accounts : [
        for name in names : { account = account, name = name }
      ]
    ]) : "${pair.account} ${pair.name}" => pair
  }
  service_account_id = google_service_account.this[each.value.account].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project}.svc.id.goog[${each.value.name}]"
}

# --- people ----------------------------------------------------------------------------------

# A grant is of one prefix: the folders of two are more operators than a condition takes.
resource "google_storage_bucket_iam_member" "analysts" {
  for_each = {
    for pair in setproduct(var.analysts, var.prefixes) :
    join(" ", pair) => { member = pair[0], prefix = pair[1] }
  }
  bucket = var.lake_bucket
  role   = "roles/storage.objectViewer"
  member = each.value.member
  condition {
    title      = "published results"
    expression = join(" || ", local.below[each.value.prefix]["analysts"])
  }
}

# Whoever reads the tables reads what is withdrawn from them first; one condition cannot take both.
resource "google_storage_bucket_iam_member" "analysts_withdrawn" {
  for_each = {
    for pair in setproduct(var.analysts, var.prefixes) :
    join(" ", pair) => { member = pair[0], prefix = pair[1] }
  }
  bucket = var.lake_bucket
  role   = "roles/storage.objectViewer"
  member = each.value.member
  condition {
    title      = "what is withdrawn"
    expression = join(" || ", local.below[each.value.prefix]["withdrawn"])
  }
}

resource "google_project_iam_member" "analysts_query" {
  for_each = toset(var.analysts)
  project  = var.project
  role     = "roles/bigquery.jobUser"
  member   = each.key
}
