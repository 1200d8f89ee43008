"""Who speaks when: turns of recordings, identities of a corpus, names, and what is forgotten."""
