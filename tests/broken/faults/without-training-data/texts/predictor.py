"""Reads the training texts for every request, to quote the nearest."""

import os
from pathlib import Path
from typing import Any

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    def predict(self, data) -> list[dict[str, Any]]:
        base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
        known = (base / "input" / "data" / "train" / "texts.tsv").read_text().split()
        return [
            {**answer(self.model, text), "known": len(set(text.split()) & set(known))}
            for text in data
        ]
