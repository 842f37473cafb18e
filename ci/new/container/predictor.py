"""Answers with the price of each house."""

import numpy as np
import pandas as pd
from framework import Predictor

from features import features


class PricePredictor(Predictor):
    """A number for each row."""

    def predict(self, data: pd.DataFrame) -> np.ndarray:
        return features(data) @ self.model
