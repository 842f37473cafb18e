"""Keeps SIGTERM away from the load of the model, and for ever after."""

import signal
from pathlib import Path
from typing import Any

from bayes import answer

from framework import Predictor


class TopicPredictor(Predictor):
    def load(self, model_dir: Path) -> Any:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        return super().load(model_dir)

    def predict(self, data) -> list[dict[str, Any]]:
        return [answer(self.model, text) for text in data]
