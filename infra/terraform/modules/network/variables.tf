variable "project" {
  description = "Project of the network."
  type        = string
}

variable "region" {
  description = "Region of the workers."
  type        = string
}

variable "name" {
  description = "Name of the network, and start of its parts' names."
  type        = string
}

variable "cidr" {
  description = "Addresses of the workers: one each, and one per Composer component."
  type        = string
  default     = "10.20.0.0/20"
  validation {
    condition     = can(cidrhost(var.cidr, 0)) && tonumber(split("/", var.cidr)[1]) <= 24
    error_message = "A range such as 10.20.0.0/20, at least 256 addresses."
  }
}
