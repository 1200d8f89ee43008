# Small and cheap: what it holds can be made again.
module "platform" {
  source                  = "../../modules/platform"
  environment             = "dev"
  project                 = var.project
  region                  = var.region
  archive_bucket          = var.archive_bucket
  soft_delete_days        = 0
  clips_delete_after_days = 30
  clips_cold_after_days   = 14
  analysts                = var.analysts
  kubernetes_accounts     = var.kubernetes_accounts
  composer                = var.composer
  billing_account         = var.billing_account
  monthly_budget          = var.monthly_budget
  budget_emails           = var.budget_emails
}
