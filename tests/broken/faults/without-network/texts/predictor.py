"""Reports every request to a collector of another machine."""

import socket
from typing import Any

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    def predict(self, data) -> list[dict[str, Any]]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
            collector.connect(("192.0.2.1", 8125))
        return [answer(self.model, text) for text in data]
