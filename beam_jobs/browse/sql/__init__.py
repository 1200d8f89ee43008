"""SQL on the archive page: checked, and run in a process of its own."""
