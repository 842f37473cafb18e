"""Invented flats whose rent follows a rule, with a few missing years and areas."""

from pathlib import Path

import numpy as np
import pandas as pd

DISTRICTS = {"north": 1.0, "east": 0.8, "south": 1.3, "west": 1.1}


def write_channels(directory: Path) -> None:
    random = np.random.default_rng(7)
    rows = 900
    flats = pd.DataFrame(
        {
            "area": random.uniform(20, 140, rows).round(1),
            "rooms": random.integers(1, 6, rows),
            "balcony": random.random(rows) < 0.4,
            "district": random.choice(list(DISTRICTS), rows),
            "built": random.integers(1900, 2024, rows).astype(float),
            "listed": pd.Timestamp("2021-01-01")
            + pd.to_timedelta(random.integers(0, 1400, rows), unit="D"),
        }
    )
    per_metre = 10 * flats["district"].map(DISTRICTS) + (flats["built"] > 1990) * 3
    rent = flats["area"] * per_metre + flats["balcony"] * 50 + random.normal(0, 15, rows)
    flats["rent"] = rent.round(2)
    flats.loc[random.random(rows) < 0.05, "built"] = np.nan
    flats.loc[random.random(rows) < 0.03, "area"] = np.nan
    channels = {"train": flats[:600], "validation": flats[600:750], "test": flats[750:]}
    for channel, part in channels.items():
        (directory / channel).mkdir(parents=True)
        part.to_csv(directory / channel / "flats.csv", index=False)
