# Airflow as a service. The DAGs need Airflow 3.3: backfills of partitioned runs.
resource "google_composer_environment" "this" {
  project = var.project
  region  = var.region
  name    = var.name
  labels  = var.labels

  config {
    environment_size           = var.size
    resilience_mode            = var.highly_resilient ? "HIGH_RESILIENCE" : "STANDARD_RESILIENCE"
    enable_private_environment = true

    software_config {
      image_version           = var.image_version
      web_server_plugins_mode = "ENABLED"
      pypi_packages           = var.pypi_packages
      env_variables           = var.environment

      airflow_config_overrides = {
        "core-dags_are_paused_at_creation" = "True"
        "core-load_examples"               = "False"
        # the code beside the DAGs changes with a release, not between two runs
        "dag_processor-refresh_interval" = "120"
      }
    }

    node_config {
      network         = var.network
      subnetwork      = var.subnetwork
      service_account = var.service_account
    }

    workloads_config {
      scheduler {
        count      = 1
        cpu        = 1
        memory_gb  = 4
        storage_gb = 2
      }
      dag_processor {
        count      = 1
        cpu        = 1
        memory_gb  = 4
        storage_gb = 2
      }
      # Dataflow's jobs are waited for here
      triggerer {
        count     = var.highly_resilient ? 2 : 1
        cpu       = 0.5
        memory_gb = 1
      }
      web_server {
        cpu        = 1
        memory_gb  = 4
        storage_gb = 2
      }
      worker {
        min_count  = 1
        max_count  = var.max_workers
        cpu        = 1
        memory_gb  = 4
        storage_gb = 10
      }
    }

    web_server_network_access_control {
      dynamic "allowed_ip_range" {
        for_each = var.web_server_ranges
        content {
          value       = allowed_ip_range.value
          description = allowed_ip_range.key
        }
      }
    }

    # at noon, when no night runs
    maintenance_window {
      start_time = "2026-01-01T10:00:00Z"
      end_time   = "2026-01-01T16:00:00Z"
      recurrence = "FREQ=WEEKLY;BYDAY=TU,TH"
    }

    recovery_config {
      scheduled_snapshots_config {
        enabled                    = true
        snapshot_location          = "gs://${var.snapshot_bucket}/snapshots"
        snapshot_creation_schedule = "0 12 * * *"
        time_zone                  = "UTC"
      }
    }

    data_retention_config {
      airflow_metadata_retention_config {
        retention_mode = "RETENTION_MODE_ENABLED"
        retention_days = 365
      }
    }
  }
}
