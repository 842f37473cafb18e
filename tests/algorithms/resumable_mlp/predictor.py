"""Serves the network from its .npz file."""

from pathlib import Path

import numpy as np
from network import Network, probability

from framework import Predictor


class ResumablePredictor(Predictor):
    """One probability of class 1 per row."""

    def load(self, model_dir: Path) -> Network:
        with np.load(model_dir / "model.npz") as arrays:
            return dict(arrays)

    def predict(self, data: np.ndarray) -> np.ndarray:
        return probability(self.model, (data - self.model["mean"]) / self.model["spread"])
