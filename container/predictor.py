"""Answers each penguin with its species and how sure the model is."""

from typing import Any

import pandas as pd
from features import prepare

from framework import Predictor


class PenguinPredictor(Predictor):
    """One answer per penguin: {"species": "Gentoo", "probabilities": {"Adelie": 0.01, …}}."""

    def predict(self, data: pd.DataFrame) -> list[dict[str, Any]]:
        names = self.model.classes_.tolist()
        return [
            {
                "species": names[row.argmax()],
                "probabilities": dict(zip(names, row.tolist(), strict=True)),
            }
            for row in self.model.predict_proba(prepare(data))
        ]
