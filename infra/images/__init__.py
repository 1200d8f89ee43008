"""The images, and the templates that start jobs on Dataflow."""
