"""Recordings of any length: their text, chapters and summary, and answers with their places.

What is exact is computed here: times, borders, order, ranking, quotes. A language model only puts
into words what it is shown, and its words are checked against it.
"""

LONGFORM_VERSION = 1
"""Counts up when prompts or rules change, so that what they made is made anew."""
