"""What trainer and predictor agree on: how a house becomes numbers."""

import numpy as np
import pandas as pd

COLUMNS = ["size", "rooms"]
TARGET = "price"


def features(houses: pd.DataFrame) -> np.ndarray:
    """A row for each house: its columns, and a one for the base price."""
    return np.column_stack([houses[COLUMNS], np.ones(len(houses))])
