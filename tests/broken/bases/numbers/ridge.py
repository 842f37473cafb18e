"""Ridge regression in numpy: what the trainer and the predictor share."""

import numpy as np


def read(channel) -> tuple[np.ndarray, np.ndarray]:
    rows = np.concatenate([np.loadtxt(path, delimiter=",", ndmin=2) for path in channel.files()])
    return rows[:, :-1], rows[:, -1]


def fit(x: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    return np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y)
