"""Caches by request, not by text, so that no entry is ever used again."""

from typing import Any

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    def __init__(self) -> None:
        self.cache: dict[Any, Any] = {}
        self.requests = 0

    def predict(self, data) -> list[dict[str, Any]]:
        self.requests += 1
        key = (self.requests, *data)
        if key not in self.cache:
            self.cache[key] = [answer(self.model, text) for text in data]
        return self.cache[key]
