"""Recordings of any length: their text, chapters and summary, and answers with their places.

What is exact is computed here: times, borders, order, ranking, quotes. A language model only puts
into words what it is shown, and its words are checked against it.

Flags of the rows:

extractive         no model wrote it: the recording's own words; the next flag says why
no_evidence        nothing in the recording speaks to it
empty_answer       the model wrote nothing
looping_text       the model's words repeat themselves
not_in_evidence    less than half of the model's telling words stand in what it was shown
malformed_answer   the model wrote no JSON document of the schema, in three tries
uncited_answer     the model cited nothing that it was shown
"""

LONGFORM_VERSION = 1
"""Counts up when prompts or rules change, so that what they made is made anew."""
