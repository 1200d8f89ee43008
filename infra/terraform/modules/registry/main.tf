# Images by immutable tags; a night can be run again with the image that it first had.
resource "google_artifact_registry_repository" "images" {
  # checkov:skip=CKV_GCP_84:images hold open-source code, Google's keys will do
  project       = var.project
  location      = var.region
  repository_id = var.name
  description   = "af3-archive: workers, launchers, Airflow"
  format        = "DOCKER"
  labels        = var.labels

  docker_config {
    immutable_tags = true
  }

  vulnerability_scanning_config {
    enablement_config = "INHERITED"
  }

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = var.keep_versions
    }
  }

  cleanup_policies {
    id     = "delete-untagged"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "${14 * 24 * 60 * 60}s"
    }
  }

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      tag_state  = "TAGGED"
      older_than = "${var.delete_after_days * 24 * 60 * 60}s"
    }
  }
}
