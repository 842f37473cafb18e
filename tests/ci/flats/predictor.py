"""The price on the line."""

from typing import Any

from features import scaled

from framework import Predictor


class FlatPredictor(Predictor):
    """A number a row."""

    def predict(self, data: Any) -> Any:
        slope, base = self.model
        return (scaled(data) * slope + base).to_numpy()
