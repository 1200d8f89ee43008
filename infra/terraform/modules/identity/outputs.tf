output "emails" {
  description = "E-mail of each account: cpu, gpu, airflow."
  value       = { for key, account in google_service_account.this : key => account.email }
}
