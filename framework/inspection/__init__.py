"""The `describe` program: what an algorithm is, as JSON."""
