"""The price on the line."""

import json
import os
import time
from pathlib import Path
from typing import Any

from framework import Predictor


class PricePredictor(Predictor):
    """Answers a number a row, until the shop closes."""

    def load(self, model_dir: Path) -> Any:
        self.closes = time.monotonic() + float(os.environ.get("SHOP_CLOSES_AFTER", "inf"))
        return json.loads((model_dir / "line.json").read_text())

    def predict(self, data: Any) -> Any:
        if time.monotonic() > self.closes:
            raise RuntimeError("the shop is closed")
        return (data["area"] * self.model["slope"] + self.model["base"]).to_numpy()
