"""The `serve` program: answers /ping and /invocations with the user's Predictor."""
