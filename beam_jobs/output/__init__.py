"""What commands print: rows in the form that is asked for, and commands to type next."""
