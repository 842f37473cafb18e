"""Judges data before training, and models on rows that training never saw."""
