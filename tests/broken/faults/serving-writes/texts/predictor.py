"""Keeps a cache beside its own code."""

import json
from pathlib import Path
from typing import Any

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    def predict(self, data) -> list[dict[str, Any]]:
        answers = [answer(self.model, text) for text in data]
        (Path(__file__).parent / "cache.json").write_text(json.dumps(answers))
        return answers
