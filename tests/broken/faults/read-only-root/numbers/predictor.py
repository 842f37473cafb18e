"""Unpacks its model to where the system keeps variable data."""

import shutil
from pathlib import Path

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def load(self, model_dir: Path) -> np.ndarray:
        return super().load(Path(shutil.copytree(model_dir, "/var/lib/ridge", dirs_exist_ok=True)))

    def predict(self, data: np.ndarray) -> np.ndarray:
        return data @ self.model
