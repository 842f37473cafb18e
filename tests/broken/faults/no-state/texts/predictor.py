"""Learns from the texts that it is asked."""

from typing import Any

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    def predict(self, data) -> list[dict[str, Any]]:
        answers = [answer(self.model, text) for text in data]
        for text, given in zip(data, answers, strict=True):
            self.model["words"][given["topic"]].update(text.split())
        return answers
