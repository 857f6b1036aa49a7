"""Does one thing each, in its own transaction(s)."""
