"""`af3 query`: SQL that only reads the tables."""
