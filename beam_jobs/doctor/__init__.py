"""`af3 doctor`: looks at a machine, its packages and its storage; a line each, with the remedy."""
