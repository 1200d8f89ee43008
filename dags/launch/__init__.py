"""Starting Beam jobs from Airflow: as processes of this machine, or as Dataflow templates."""
