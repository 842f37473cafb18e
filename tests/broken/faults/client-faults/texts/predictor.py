"""Reads every body as text, and makes the best of it."""

import json
from typing import Any

from bayes import answer

from framework import Invocation, Predictor


class TopicPredictor(Predictor):
    def decode(self, body: bytes, invocation: Invocation) -> list[str]:
        text = body.decode("utf-8", errors="replace")
        try:
            return json.loads(text)["instances"]
        except (ValueError, KeyError, TypeError):
            return text.splitlines() or [""]

    def predict(self, data) -> list[dict[str, Any]]:
        return [answer(self.model, str(text)) for text in data]
