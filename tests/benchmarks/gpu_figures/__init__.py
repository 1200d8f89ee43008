"""What a real GPU is measured by: `make gpu-figures`."""
