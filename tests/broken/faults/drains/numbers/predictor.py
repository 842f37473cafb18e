"""Ends the worker at once when SIGTERM comes."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def load(self, model_dir: Path) -> np.ndarray:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        return super().load(model_dir)

    def predict(self, data: np.ndarray) -> np.ndarray:
        time.sleep(0.01 * len(data))
        return data @ self.model
