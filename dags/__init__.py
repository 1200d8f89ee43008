"""The schedule: corpora as data, one factory, thin DAGs."""
