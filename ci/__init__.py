"""The road to AWS."""
