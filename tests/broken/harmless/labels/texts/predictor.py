"""Answers plain labels."""

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    def predict(self, data) -> list[str]:
        return [answer(self.model, text)["topic"] for text in data]
