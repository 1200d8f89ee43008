"""How a served model is asked: what its server takes, the body of a request, tries and answers."""
