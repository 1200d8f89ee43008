"""What Terraform reads that follows from the code."""
