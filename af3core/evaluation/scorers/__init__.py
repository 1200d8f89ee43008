"""The official rules that make a score of a prediction, their quirks included."""
