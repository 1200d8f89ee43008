variable "project" {
  description = "Project of the repository."
  type        = string
}

variable "region" {
  description = "Region of the repository: that of the workers, so that pulls cost nothing."
  type        = string
}

variable "name" {
  description = "Name of the repository."
  type        = string
}

variable "keep_versions" {
  description = "Newest versions of each image that are kept whatever their age."
  type        = number
  default     = 10
}

variable "delete_after_days" {
  description = "Age at which other tagged versions are deleted."
  type        = number
  default     = 180
}

variable "labels" {
  description = "Labels of the repository."
  type        = map(string)
  default     = {}
}
