# Keeps clips, so that another prompt or model needs no decoding, and can restore what was deleted.
module "platform" {
  source                = "../../modules/platform"
  environment           = "prod"
  project               = var.project
  region                = var.region
  archive_bucket        = var.archive_bucket
  soft_delete_days      = 14
  clips_cold_after_days = 30
  analysts              = var.analysts
  kubernetes_accounts   = var.kubernetes_accounts
  composer              = var.composer
  billing_account       = var.billing_account
  monthly_budget        = var.monthly_budget
  budget_emails         = var.budget_emails
}
