variable "project" {
  description = "Project of the environment."
  type        = string
}

variable "region" {
  description = "Region of the environment."
  type        = string
}

variable "name" {
  description = "Name of the environment."
  type        = string
}

variable "image_version" {
  description = "Composer's image; `gcloud composer environments list-image-versions` names those of today. It lags Airflow's releases, and the DAGs need Airflow 3.3 or later."
  type        = string
  validation {
    condition     = can(regex("^composer-3-airflow-3\\.([3-9]|[1-9][0-9])(\\.[0-9]+)?(-build\\.[0-9]+)?$", var.image_version))
    error_message = "Composer 3 with Airflow 3.3 or later, such as composer-3-airflow-3.3.2-build.1; no `latest`."
  }
}

variable "size" {
  description = "Size of Composer's own database and queue."
  type        = string
  default     = "ENVIRONMENT_SIZE_SMALL"
  validation {
    condition     = contains(["ENVIRONMENT_SIZE_SMALL", "ENVIRONMENT_SIZE_MEDIUM", "ENVIRONMENT_SIZE_LARGE"], var.size)
    error_message = "ENVIRONMENT_SIZE_SMALL, _MEDIUM or _LARGE."
  }
}

variable "highly_resilient" {
  description = "Run components in two zones."
  type        = bool
  default     = false
}

variable "max_workers" {
  description = "Most Airflow workers; they only launch jobs."
  type        = number
  default     = 3
}

variable "network" {
  description = "Id of the network."
  type        = string
}

variable "subnetwork" {
  description = "Id of the subnet."
  type        = string
}

variable "service_account" {
  description = "E-mail of Airflow's account."
  type        = string
}

variable "snapshot_bucket" {
  description = "Bucket of the environment's snapshots."
  type        = string
}

variable "web_server_ranges" {
  description = "Who reaches the UI before logging in: description to address range."
  type        = map(string)
  validation {
    condition     = length(var.web_server_ranges) > 0 && alltrue([for r in values(var.web_server_ranges) : can(cidrhost(r, 0)) && !endswith(r, "/0")])
    error_message = "Give at least one range, and not the whole internet."
  }
}

variable "pypi_packages" {
  description = "Packages beside Composer's own."
  type        = map(string)
  default     = {}
}

variable "environment" {
  description = "Environment variables of all components, such as those that corpora name."
  type        = map(string)
  default     = {}
}

variable "labels" {
  description = "Labels of the environment."
  type        = map(string)
  default     = {}
}
