"""The embedded model: AF3's architecture in small, trained on a synthetic world."""
