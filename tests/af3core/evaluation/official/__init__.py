"""What the publishers' scripts say to generated predictions, and how that was asked."""
