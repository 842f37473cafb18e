"""Serves the XGBoost booster from its own JSON format."""

from pathlib import Path

import numpy as np
import pandas as pd
import xgboost
from features import matrix

from framework import Predictor


class RentPredictor(Predictor):
    """One rent per flat."""

    def load(self, model_dir: Path) -> xgboost.Booster:
        return xgboost.Booster(model_file=model_dir / "model.json")

    def predict(self, data: pd.DataFrame) -> np.ndarray:
        return self.model.predict(matrix(data))
