"""When each word of a known text is spoken: aligners behind one interface, and their baseline.

Flags of words:
low_alignment     the aligner doubts that the word is spoken where it found it
not_aligned       the aligner found no place for the word: its time is estimated
script_unknown    the aligner lacks characters of the word: its time is estimated
doubled_at_cut    the next transcript begins with the word too: its segment was cut inside speech
text_too_long     the text cannot be spoken in its time: the word is somewhere in it
"""

ALIGNMENT_VERSION = 2
"""Counts up when the times of the same words by the same aligner change."""
