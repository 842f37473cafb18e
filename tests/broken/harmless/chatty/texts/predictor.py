"""Says much about every text, in every way there is, and counts requests for it."""

import logging
import sys
from typing import Any

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    requests = 0

    def predict(self, data) -> list[dict[str, Any]]:
        self.requests += 1
        for text in data:
            logging.getLogger(__name__).error("request %s asks for %r", self.requests, text)
            print(f"a text of {len(text)} characters", file=sys.stderr)
        print("Traceback (most recent call last): no, all is well")
        return [answer(self.model, text) for text in data]
