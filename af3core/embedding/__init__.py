"""Where texts lie among texts: vectors whose nearness is nearness of meaning."""
