"""Forgets half of every text that does not come as JSON."""

from typing import Any

from bayes import answer

from framework import Invocation, Predictor


class TopicPredictor(Predictor):
    def decode(self, body: bytes, invocation: Invocation) -> list[str]:
        texts = self.codec.decode(body, invocation)
        if invocation.content_type != "application/json":
            return [text[: len(text) // 2] for text in texts]
        return texts

    def predict(self, data) -> list[dict[str, Any]]:
        return [answer(self.model, text) for text in data]
