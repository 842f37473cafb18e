"""What trainer and predictor agree on: the columns, and what the model makes of them."""

import math

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

TARGET = "species"
CATEGORIES = ["island", "sex"]
MEASUREMENTS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
COLUMNS = [*CATEGORIES, *MEASUREMENTS]


def prepare(penguins: pd.DataFrame) -> pd.DataFrame:
    """Add what two columns say together: the shape of the bill; missing for a depth of zero."""
    ratio = penguins["bill_length_mm"] / penguins["bill_depth_mm"]
    return penguins[COLUMNS].assign(bill_ratio=ratio.where(ratio.abs() < math.inf))


def preprocessing() -> ColumnTransformer:
    """Turn prepared rows into numbers: gaps get the median, each category its own column."""
    return ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median"), [*MEASUREMENTS, "bill_ratio"]),
            ("categories", OneHotEncoder(handle_unknown="ignore"), CATEGORIES),
        ]
    )
