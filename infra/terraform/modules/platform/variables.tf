variable "project" {
  description = "Project of the environment."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id, not its name or number."
  }
}

variable "region" {
  description = "Region of everything; it must have the GPUs that annotate asks for."
  type        = string
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "A region such as europe-west4; no zone, no multi-region."
  }
}

variable "environment" {
  description = "Which environment this is; a label of what is paid for."
  type        = string
  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "dev or prod."
  }
}

variable "archive_bucket" {
  description = "Existing bucket of the recordings; null where they lie elsewhere."
  type        = string
  default     = null
}

variable "prefixes" {
  description = "Prefixes in the lake that corpora name as `out`; the first is BigQuery's."
  type        = list(string)
  default     = ["annotated/"]
  validation {
    condition     = length(var.prefixes) >= 1 && length(var.prefixes) <= 2
    error_message = "One or two: a condition of IAM takes at most twelve operators."
  }
}

variable "cidr" {
  description = "Addresses of the workers."
  type        = string
  default     = "10.20.0.0/20"
}

variable "soft_delete_days" {
  description = "Days that the lake's deleted and replaced objects can be restored; 0 is off."
  type        = number
  default     = 7
}

variable "clips_cold_after_days" {
  description = "Age at which clips move to the colder class."
  type        = number
  default     = 30
}

variable "clips_delete_after_days" {
  description = "Age at which clips are deleted; null keeps them."
  type        = number
  default     = null
}

variable "analysts" {
  description = "Who reads results, as IAM members."
  type        = list(string)
  default     = []
}

variable "kubernetes_accounts" {
  description = "Kubernetes service accounts, as NAMESPACE/NAME, that act as cpu, gpu or airflow."
  type        = map(list(string))
  default     = {}
}

variable "composer" {
  description = "Airflow as a service; null where it runs on Kubernetes or elsewhere."
  type = object({
    image_version     = string
    size              = optional(string, "ENVIRONMENT_SIZE_SMALL")
    highly_resilient  = optional(bool, false)
    web_server_ranges = map(string)
  })
  default = null
}

variable "billing_account" {
  description = "Billing account of the project."
  type        = string
}

variable "monthly_budget" {
  description = "Money a month, in the billing account's currency."
  type        = number
}

variable "currency" {
  description = "Currency of the billing account."
  type        = string
  default     = "EUR"
}

variable "budget_emails" {
  description = "Who hears of the budget."
  type        = list(string)
  default     = []
}
