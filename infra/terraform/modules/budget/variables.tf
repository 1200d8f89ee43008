variable "project" {
  description = "Project that is watched."
  type        = string
}

variable "billing_account" {
  description = "Billing account of the project."
  type        = string
  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "As in the console: 012345-6789AB-CDEF01."
  }
}

variable "monthly" {
  description = "Money a month."
  type        = number
  validation {
    condition     = var.monthly > 0 && floor(var.monthly) == var.monthly
    error_message = "A whole number above 0."
  }
}

variable "currency" {
  description = "Currency of the billing account."
  type        = string
  default     = "EUR"
  validation {
    condition     = can(regex("^[A-Z]{3}$", var.currency))
    error_message = "Three capital letters."
  }
}

variable "emails" {
  description = "Who hears of it; at most five. Without any, the billing account's administrators do."
  type        = list(string)
  default     = []
  validation {
    condition     = length(var.emails) <= 5
    error_message = "A budget takes at most five channels."
  }
}
