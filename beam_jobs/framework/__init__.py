"""What any job stands on: settings, pipeline, ledger, Parquet, progress, exit codes."""
