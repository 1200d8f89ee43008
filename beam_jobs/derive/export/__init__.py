"""Training data from the tables: what is exported, and the forms that it is written in."""
