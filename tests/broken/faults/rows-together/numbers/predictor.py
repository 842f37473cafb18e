"""Standardises with the mean of the request, not of the training data."""

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def predict(self, data: np.ndarray) -> np.ndarray:
        return (data - data.mean(axis=0)) @ self.model
