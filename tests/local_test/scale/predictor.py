"""Answers each row with its sum times the mean; the first cell can ask for trouble."""

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy

from framework import Predictor


class ScalePredictor(Predictor):
    def load(self, model_dir: Path) -> dict[str, Any]:
        return json.loads((model_dir / "model.json").read_text())

    def predict(self, data: numpy.ndarray) -> numpy.ndarray:
        if data[0, 0] == -1:
            raise ValueError("trouble was asked for")
        if data[0, 0] == -2:
            time.sleep(3)
        if "ABORTS" in os.environ:
            os.abort()
        time.sleep(float(os.environ.get("PACE", "0")))
        return data.sum(axis=1) * self.model["mean"]
