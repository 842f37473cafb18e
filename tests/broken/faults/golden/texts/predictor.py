"""Adds noise that every process draws for itself."""

import os
import random
from typing import Any

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    def __init__(self) -> None:
        self.noise = random.Random(os.getpid()).random()

    def predict(self, data) -> list[dict[str, Any]]:
        answers = [answer(self.model, text) for text in data]
        return [{**given, "confidence": given["confidence"] * self.noise} for given in answers]
