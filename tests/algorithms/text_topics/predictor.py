"""Answers each message with its topic."""

import numpy as np

from framework import Predictor


class TopicPredictor(Predictor):
    """One topic per text."""

    def predict(self, data: np.ndarray) -> list[str]:
        return self.model.predict(data).tolist()
