from typing import Any

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    def predict(self, data) -> list[dict[str, Any]]:
        answers = [answer(self.model, text) for text in data]
        return [{"label": one["topic"], "confidence": one["confidence"]} for one in answers]
