"""Who may sign in at the archive page: a file of people, with roles and hashes of tokens."""
