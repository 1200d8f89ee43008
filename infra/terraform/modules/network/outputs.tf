output "network" {
  description = "Id of the network."
  value       = google_compute_network.this.id
}

output "subnetwork" {
  description = "Id of the workers' subnet."
  value       = google_compute_subnetwork.workers.id
}

output "subnetwork_option" {
  description = "The subnet as Dataflow's option --subnetwork takes it."
  value       = "regions/${var.region}/subnetworks/${google_compute_subnetwork.workers.name}"
}
