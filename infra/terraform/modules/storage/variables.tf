variable "project" {
  description = "Project that owns the buckets."
  type        = string
}

variable "location" {
  description = "Location of the buckets: that of the workers, so that no byte leaves the region."
  type        = string
}

variable "lake_bucket" {
  description = "Bucket of tables, clips and ledger."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.lake_bucket))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits, dots, - and _."
  }
}

variable "staging_bucket" {
  description = "Bucket of flex templates and of what Dataflow stages."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.staging_bucket))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits, dots, - and _."
  }
}

variable "archive_bucket" {
  description = "Existing bucket of the recordings; null where they lie elsewhere."
  type        = string
  default     = null
}

variable "prefixes" {
  description = "Prefixes in the lake that corpora name as `out`, each with a closing slash; \"\" is the bucket itself."
  type        = list(string)
  default     = [""]
  validation {
    condition     = length(var.prefixes) > 0 && alltrue([for p in var.prefixes : p == "" || endswith(p, "/")])
    error_message = "Give at least one prefix, each empty or with a closing slash."
  }
}

variable "versioning" {
  description = "Keep noncurrent versions of the lake's objects."
  type        = bool
  default     = false
}

variable "noncurrent_days" {
  description = "Days that noncurrent versions are kept, with versioning."
  type        = number
  default     = 7
}

variable "soft_delete_days" {
  description = "Days that deleted and replaced objects of the lake can be restored; 0 is off."
  type        = number
  default     = 7
  validation {
    condition     = var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)
    error_message = "Cloud Storage keeps soft-deleted objects 7 to 90 days, or not at all (0)."
  }
}

variable "clips_cold_after_days" {
  description = "Age at which clips move to the colder class."
  type        = number
  default     = 30
}

variable "clips_cold_class" {
  description = "Storage class of old clips."
  type        = string
  default     = "NEARLINE"
  validation {
    condition     = contains(["NEARLINE", "COLDLINE", "ARCHIVE"], var.clips_cold_class)
    error_message = "NEARLINE, COLDLINE or ARCHIVE."
  }
}

variable "clips_delete_after_days" {
  description = "Age at which clips are deleted; null keeps them."
  type        = number
  default     = null
}

variable "labels" {
  description = "Labels of the buckets."
  type        = map(string)
  default     = {}
}
