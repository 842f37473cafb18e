"""The columns of a flat and what the model sees of them."""

import pandas as pd

TARGET = "rent"
COLUMNS = ["area", "rooms", "balcony", "district", "built", "listed"]


def prepare(flats: pd.DataFrame) -> pd.DataFrame:
    """Return numbers and categories only, one row per flat."""
    return flats.assign(
        area_per_room=flats["area"] / flats["rooms"],
        district=flats["district"].astype(pd.CategoricalDtype(["east", "north", "south", "west"])),
        listed=flats["listed"].dt.year + flats["listed"].dt.dayofyear / 366,
    )
