variable "project" {
  description = "Project of accounts and jobs."
  type        = string
}

variable "region" {
  description = "Region of the image repository."
  type        = string
}

variable "name" {
  description = "Start of the accounts' names."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.name))
    error_message = "2 to 21 lower-case letters, digits and -, a letter first."
  }
}

variable "lake_bucket" {
  description = "Bucket of tables, clips and ledger."
  type        = string
}

variable "staging_bucket" {
  description = "Bucket of templates and staged files."
  type        = string
}

variable "archive_bucket" {
  description = "Bucket of the recordings, which workers may only read; null where there is none."
  type        = string
  default     = null
}

variable "prefixes" {
  description = "Prefixes in the lake that corpora name as `out`, each with a closing slash."
  type        = list(string)
  default     = [""]
  validation {
    condition     = length(var.prefixes) >= 1 && length(var.prefixes) <= 2
    error_message = "One or two: a condition of IAM takes at most twelve operators."
  }
}

variable "repository" {
  description = "Artifact Registry repository of the images."
  type        = string
}

variable "analysts" {
  description = "Who reads results, as IAM members; groups, so that people come and go without Terraform."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for m in var.analysts : can(regex("^(group|user|serviceAccount|principalSet):", m))])
    error_message = "Write members as group:NAME@DOMAIN; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "analyst_folders" {
  description = "Folders of the layout that analysts read: no recordings, no clips, no ledger."
  type        = list(string)
  default     = ["tables/", "published/", "superseded/", "indexes/", "quality/", "descriptions/"]
  validation {
    condition     = length(var.analyst_folders) <= 6
    error_message = "At most six: a condition of IAM takes at most twelve operators."
  }
  validation {
    condition     = length(var.analyst_folders) > 0 && alltrue([for f in var.analyst_folders : endswith(f, "/")])
    error_message = "Each folder has a closing slash, so that no other folder begins like it."
  }
}

variable "kubernetes_accounts" {
  description = "Kubernetes service accounts, as NAMESPACE/NAME, that act as cpu, gpu or airflow."
  type        = map(list(string))
  default     = {}
  validation {
    condition     = alltrue([for key in keys(var.kubernetes_accounts) : contains(["cpu", "gpu", "airflow"], key)])
    error_message = "The keys are cpu, gpu and airflow."
  }
}
