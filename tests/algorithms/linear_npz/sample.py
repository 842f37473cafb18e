"""The diabetes study that scikit-learn ships: ten numbers per patient, one to predict."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes


def write_channels(directory: Path) -> None:
    x, y = load_diabetes(return_X_y=True)
    for channel, rows in {"train": slice(0, 350), "test": slice(350, None)}.items():
        (directory / channel).mkdir(parents=True)
        np.savez(directory / channel / "diabetes.npz", x=x[rows], y=y[rows])
