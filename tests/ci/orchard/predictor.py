"""The price at the leaf."""

import pickle
from pathlib import Path
from typing import Any

from framework import Predictor


class OrchardPredictor(Predictor):
    """Answers a number a row."""

    def load(self, model_dir: Path) -> Any:
        return pickle.loads((model_dir / "tree.pickle").read_bytes())

    def predict(self, data: Any) -> Any:
        return self.model.predict(data[["area"]].to_numpy())
