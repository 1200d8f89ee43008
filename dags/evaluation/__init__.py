"""The gate of a site: what its YAML file says, and the DAG that a new checkpoint must pass."""
