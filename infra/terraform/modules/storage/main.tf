# The lake: all that the jobs write (schemas/layout.py says what lies where).
resource "google_storage_bucket" "lake" {
  # checkov:skip=CKV_GCP_62:reads are logged by Cloud Audit Logs, without a bucket of logs to guard
  # checkov:skip=CKV_GCP_78:versioning is a variable; soft delete keeps what was replaced
  name                        = var.lake_bucket
  project                     = var.project
  location                    = var.location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = var.labels

  # Off by default: shards are replaced whole and claims are rewritten every few seconds, so that
  # versions would pile up. Soft delete brings back what was replaced or deleted by mistake.
  versioning {
    enabled = var.versioning
  }

  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 24 * 60 * 60
  }

  # A worker rewrites its claim every few seconds: one that is a day old has no holder.
  lifecycle_rule {
    condition {
      age            = 1
      matches_prefix = [for prefix in var.prefixes : "${prefix}claims/"]
    }
    action {
      type = "Delete"
    }
  }

  # Clips are read again only when a prompt or a model changes.
  lifecycle_rule {
    condition {
      age                   = var.clips_cold_after_days
      matches_prefix        = [for prefix in var.prefixes : "${prefix}clips/"]
      matches_storage_class = ["STANDARD"]
    }
    action {
      type          = "SetStorageClass"
      storage_class = var.clips_cold_class
    }
  }

  # A clip that is gone is cut again from its recording once its segment entry is deleted.
  dynamic "lifecycle_rule" {
    for_each = var.clips_delete_after_days == null ? [] : [var.clips_delete_after_days]
    content {
      condition {
        age            = lifecycle_rule.value
        matches_prefix = [for prefix in var.prefixes : "${prefix}clips/"]
      }
      action {
        type = "Delete"
      }
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.versioning ? [var.noncurrent_days] : []
    content {
      condition {
        days_since_noncurrent_time = lifecycle_rule.value
        with_state                 = "ARCHIVED"
      }
      action {
        type = "Delete"
      }
    }
  }

  lifecycle_rule {
    condition {
      age = 7
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Templates of the jobs, and what Dataflow stages: nothing here outlives a release.
resource "google_storage_bucket" "staging" {
  # checkov:skip=CKV_GCP_62:holds code and job graphs, no data
  # checkov:skip=CKV_GCP_78:templates lie below a prefix of their release and are never overwritten
  name                        = var.staging_bucket
  project                     = var.project
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = var.labels

  # Dataflow deletes its files itself; retained ones would be paid for.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    condition {
      age            = 14
      matches_prefix = ["tmp/", "staging/"]
    }
    action {
      type = "Delete"
    }
  }
}

# The recordings: a bucket that is there already, and that nothing here changes.
data "google_storage_bucket" "archive" {
  count = var.archive_bucket == null ? 0 : 1
  name  = var.archive_bucket
}
