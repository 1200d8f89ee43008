"""`af3 status`: what the archive holds against what is published, day by day."""
