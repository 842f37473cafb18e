"""A service of BentoML with a batchable method per kind of rows.

Named columns come as records, because its batching counts a DataFrame's rows wrongly (1.4.39).
"""

import os
import pickle
from pathlib import Path

import bentoml
import numpy as np
import pandas as pd

MOST_ROWS = 100_000  # of one batch; the largest request must fit


@bentoml.service(workers=int(os.environ["WORKERS"]), traffic={"timeout": 60})
class Service:
    def __init__(self) -> None:
        self.model = pickle.loads(Path(os.environ["MODEL_FILE"]).read_bytes())

    @bentoml.api(batchable=True, max_batch_size=MOST_ROWS)
    def predict(self, rows: np.ndarray) -> np.ndarray:
        return self.model.predict(rows)

    @bentoml.api(batchable=True, max_batch_size=MOST_ROWS)
    def predict_records(self, rows: list[dict]) -> np.ndarray:
        return self.model.predict(pd.DataFrame(rows)[self.model.feature_names_in_])
