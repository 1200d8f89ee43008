"""A corpus: what its YAML file says, and what the jobs are told of it."""
