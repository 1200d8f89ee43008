output "platform" {
  description = "Addresses, accounts and names that images, corpora and Kubernetes need."
  value       = module.platform
}
