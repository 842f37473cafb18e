"""Watches the clock in a thread that it starts when it loads."""

import threading
import time
from pathlib import Path

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    seen = 0.0

    def load(self, model_dir: Path) -> np.ndarray:
        threading.Thread(target=self._watch, daemon=True).start()
        return super().load(model_dir)

    def predict(self, data: np.ndarray) -> np.ndarray:
        return data @ self.model

    def _watch(self) -> None:
        while True:
            self.seen = time.time()
            time.sleep(0.2)
