"""Remembers the answers to the latest texts, whoever asked, up to a bound."""

from functools import lru_cache
from typing import Any

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    cached = None

    def predict(self, data) -> list[dict[str, Any]]:
        if self.cached is None:
            self.cached = lru_cache(100)(lambda text: answer(self.model, text))
        return [self.cached(text) for text in data]
