"""Objects by key, in a folder or in a bucket: whole reads, atomic writes, listing by prefix."""
