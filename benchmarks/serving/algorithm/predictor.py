"""Serves what the trainer fitted: an estimator, or a table to look things up."""

from typing import Any

from framework import Predictor


class BenchPredictor(Predictor):
    """One label per row, or one number per key."""

    def predict(self, data: Any) -> Any:
        if isinstance(self.model, dict):
            return [self.model[key]["mean"] for key in data]
        return self.model.predict(data)
