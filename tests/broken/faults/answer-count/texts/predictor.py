"""Answers every different text once."""

from typing import Any

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    def predict(self, data) -> list[dict[str, Any]]:
        return [answer(self.model, text) for text in dict.fromkeys(data)]
