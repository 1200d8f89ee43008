variable "project" {
  description = "Project of this environment."
  type        = string
}

variable "region" {
  description = "Region of everything; it must have the GPUs that annotate asks for."
  type        = string
  default     = "europe-west4"
}

variable "archive_bucket" {
  description = "Existing bucket of the recordings; null where they lie elsewhere."
  type        = string
  default     = null
}

variable "analysts" {
  description = "Who reads results, as IAM members such as group:NAME@DOMAIN."
  type        = list(string)
  default     = []
}

variable "kubernetes_accounts" {
  description = "Kubernetes service accounts as NAMESPACE/NAME, that act as cpu, gpu or airflow."
  type        = map(list(string))
  default     = {}
}

variable "composer" {
  description = "Airflow as a service; null where it runs on Kubernetes or elsewhere."
  type = object({
    image_version     = string
    size              = optional(string)
    highly_resilient  = optional(bool)
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

variable "budget_emails" {
  description = "Who hears of the budget."
  type        = list(string)
  default     = []
}
