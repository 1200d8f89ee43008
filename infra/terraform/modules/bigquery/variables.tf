variable "project" {
  description = "Project of the dataset."
  type        = string
}

variable "location" {
  description = "Location of the dataset: the lake's."
  type        = string
}

variable "dataset" {
  description = "Name of the dataset."
  type        = string
  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_]*$", var.dataset))
    error_message = "Letters, digits and _, no digit first."
  }
}

variable "lake_bucket" {
  description = "Bucket of the tables."
  type        = string
}

variable "prefix" {
  description = "Prefix in the lake that corpora name as `out`, with a closing slash; \"\" is the bucket itself."
  type        = string
  default     = ""
  validation {
    condition     = var.prefix == "" || endswith(var.prefix, "/")
    error_message = "Empty, or with a closing slash."
  }
}

variable "require_partition_filter" {
  description = "Refuse queries that name no corpus and no date: they read the whole archive."
  type        = bool
  default     = true
}

variable "readers" {
  description = "Who reads the tables, as IAM members."
  type        = list(string)
  default     = []
}

variable "labels" {
  description = "Labels of dataset and tables."
  type        = map(string)
  default     = {}
}
