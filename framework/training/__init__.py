"""The `train` program: supervises the user's Trainer as SageMaker expects it."""
