"""What the state machine asks the Lambda function for, a function a step."""
