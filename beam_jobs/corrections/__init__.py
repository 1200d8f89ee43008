"""What people correct: kept beside the model's answers, shown in their place."""
