"""Made-up houses, to try everything before there are data."""

from pathlib import Path

import numpy as np

CHANNELS = {"train": 300, "test": 100}


def write_channels(directory: Path) -> None:
    """Write houses.csv for each channel below the directory."""
    for seed, (channel, count) in enumerate(CHANNELS.items()):
        random = np.random.default_rng(seed)
        size, rooms = random.uniform(30, 200, count), random.integers(1, 7, count)
        price = 3 * size + 10 * rooms + 50 + random.normal(0, 10, count)
        (directory / channel).mkdir(parents=True)
        np.savetxt(
            directory / channel / "houses.csv",
            np.column_stack([size, rooms, price]),
            fmt=["%.1f", "%d", "%.1f"],
            delimiter=",",
            header="size,rooms,price",
            comments="",
        )
