"""Question-answer pairs by skill."""
