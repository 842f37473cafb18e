"""The columns of a flat and what the model sees of them."""

import pandas as pd
import xgboost

TARGET = "rent"
COLUMNS = ["area", "rooms", "balcony", "district", "built", "listed"]


def prepare(flats: pd.DataFrame) -> pd.DataFrame:
    """Return numbers and categories only, one row per flat."""
    return flats.assign(
        area_per_room=flats["area"] / flats["rooms"].where(flats["rooms"] > 0),
        district=flats["district"].astype(pd.CategoricalDtype(["east", "north", "south", "west"])),
        listed=flats["listed"].dt.year + flats["listed"].dt.dayofyear / 366,
    )


def matrix(flats: pd.DataFrame, rents: pd.Series | None = None) -> xgboost.DMatrix:
    """Return the booster's view of ``flats``, with their rents when it is to learn them."""
    return xgboost.DMatrix(prepare(flats), rents, enable_categorical=True)
