"""The tables as SQL statements for DuckDB, BigQuery, Trino and Athena."""
