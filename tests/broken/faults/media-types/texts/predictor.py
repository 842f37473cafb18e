"""Says the charset in the type of its answers."""

from typing import Any

from bayes import answer

from framework import Invocation, Predictor


class TopicPredictor(Predictor):
    def predict(self, data) -> list[dict[str, Any]]:
        return [answer(self.model, text) for text in data]

    def encode(self, answers: list[dict[str, Any]], invocation: Invocation) -> bytes:
        body = self.codec.encode(answers, invocation)
        invocation.accept += "; charset=utf-8"
        return body
