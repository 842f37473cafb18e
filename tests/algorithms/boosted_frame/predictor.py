"""Serves the LightGBM booster from its own text format."""

from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from features import prepare

from framework import Predictor


class RentPredictor(Predictor):
    """One rent per flat."""

    def load(self, model_dir: Path) -> lightgbm.Booster:
        return lightgbm.Booster(model_file=model_dir / "model.txt")

    def predict(self, data: pd.DataFrame) -> np.ndarray:
        return self.model.predict(prepare(data))
