"""SageMaker: jobs and endpoints that are real processes or containers."""
