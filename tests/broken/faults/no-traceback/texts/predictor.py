"""Answers a text that it cannot read with the traceback."""

import traceback
from typing import Any

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    def predict(self, data) -> list[Any]:
        return [self._answer(text) for text in data]

    def _answer(self, text: str) -> Any:
        try:
            return {**answer(self.model, text), "first": text.split(maxsplit=1)[0]}
        except Exception:
            return traceback.format_exc()
