"""Skills: what questions for training are made of, by what rules, and how they are checked."""
