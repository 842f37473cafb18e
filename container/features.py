"""What trainer and predictor agree on: the columns, and what the model sees of them."""

import pandas as pd

TARGET = "species"
MEASUREMENTS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
CATEGORIES = {"island": ["Biscoe", "Dream", "Torgersen"], "sex": ["female", "male"]}
COLUMNS = [*CATEGORIES, *MEASUREMENTS]


def prepare(penguins: pd.DataFrame) -> pd.DataFrame:
    """Return the model's view of ``penguins``, row by row.

    Missing values stay missing: the model learns which way they go at each split.
    """
    dtypes = {column: pd.CategoricalDtype(values) for column, values in CATEGORIES.items()}
    prepared = penguins[COLUMNS].astype(dtypes)
    return prepared.assign(bill_ratio=penguins["bill_length_mm"] / penguins["bill_depth_mm"])
