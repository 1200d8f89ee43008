"""The options of all commands, each declared once. Standard library only."""
