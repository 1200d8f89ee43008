"""Examples by retrieval, after Audio Flamingo 1: what is near has been annotated before."""
