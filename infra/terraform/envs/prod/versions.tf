terraform {
  required_version = ">= 1.9, < 2.0"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }

  # terraform init -backend-config=bucket=BUCKET; make that bucket by hand, with versioning
  backend "gcs" {
    prefix = "af3-archive/prod"
  }
}

provider "google" {
  project               = var.project
  region                = var.region
  billing_project       = var.project
  user_project_override = true
}
