"""`af3 talk`: a question by voice or in writing, an answer written and spoken as it comes."""
