"""Finds this machine's address by a route to the outside, when it loads."""

import socket
from pathlib import Path

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def load(self, model_dir: Path) -> np.ndarray:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 53))
            self.address = probe.getsockname()[0]
        return super().load(model_dir)

    def predict(self, data: np.ndarray) -> np.ndarray:
        return data @ self.model
