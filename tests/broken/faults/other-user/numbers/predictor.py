"""Greets the user by name, who may not have one."""

import os
import pwd
from pathlib import Path

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def load(self, model_dir: Path) -> np.ndarray:
        print("loaded for", pwd.getpwuid(os.getuid()).pw_name)
        return super().load(model_dir)

    def predict(self, data: np.ndarray) -> np.ndarray:
        return data @ self.model
