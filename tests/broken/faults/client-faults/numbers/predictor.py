"""Decodes by itself and trusts its callers."""

import json

import numpy as np

from framework import Invocation, Predictor


class RidgePredictor(Predictor):
    def decode(self, body: bytes, invocation: Invocation) -> np.ndarray:
        return np.array(json.loads(body)["instances"], dtype=float)

    def predict(self, data: np.ndarray) -> np.ndarray:
        return data @ self.model
