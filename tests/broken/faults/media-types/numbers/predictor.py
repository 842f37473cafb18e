"""Writes a header above the answers of every CSV."""

import numpy as np

from framework import Invocation, Predictor


class RidgePredictor(Predictor):
    def predict(self, data: np.ndarray) -> np.ndarray:
        return data @ self.model

    def encode(self, answers: np.ndarray, invocation: Invocation) -> bytes:
        body = self.codec.encode(answers, invocation)
        return b"answer\n" + body if invocation.accept == "text/csv" else body
