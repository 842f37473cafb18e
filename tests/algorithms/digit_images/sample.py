"""The handwritten digits that scikit-learn ships, as bytes."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits


def write_channels(directory: Path) -> None:
    digits = load_digits()
    images = digits.images.astype(np.uint8)
    for channel, rows in {"train": slice(0, 1000), "test": slice(1000, 1100)}.items():
        (directory / channel).mkdir(parents=True)
        np.save(directory / channel / "images.npy", images[rows])
        np.save(directory / channel / "digits.npy", digits.target[rows])
