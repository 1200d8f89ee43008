"""The DAGs' parts: the factory, the decision, retries, notices, priorities."""
