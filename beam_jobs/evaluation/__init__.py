"""`af3 evaluate`: items asked, answers scored, figures kept."""
