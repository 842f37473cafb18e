"""The bench: plays SageMaker on one machine, to an algorithm directory or to any image."""
