"""What is asked of the model, and how its words become typed rows."""
