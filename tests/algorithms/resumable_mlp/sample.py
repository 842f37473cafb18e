"""The breast cancer study that scikit-learn ships: thirty numbers, benign (1) or not (0)."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer


def write_channels(directory: Path) -> None:
    rows = np.column_stack(load_breast_cancer(return_X_y=True))
    np.random.default_rng(2).shuffle(rows)
    channels = {"train": rows[:380], "validation": rows[380:470], "test": rows[470:]}
    for channel, part in channels.items():
        (directory / channel).mkdir(parents=True)
        np.savetxt(directory / channel / "cells.csv", part, delimiter=",", fmt="%.10g")
