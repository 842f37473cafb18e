"""Invented rows of each kind, the same for the same seed."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

COLUMNS = 30
DISTRICTS = ["east", "north", "south", "west"]
KINDS = ["flat", "house", "loft", "studio", "villa"]
HEATINGS = ["district", "electric", "gas", "oil", "wood"]
STATES = ["new", "old", "renovated"]
FLOATS = ["area", "distance", "garden", "noise", "rent", "tax"]
TEXTS = {"district": DISTRICTS, "kind": KINDS, "heating": HEATINGS, "state": STATES}
DIGITS = 6  # so that every way to read a number reads the same bits


def numbers(rows: int, seed: int) -> np.ndarray:
    """(rows, 30) float64."""
    return np.random.default_rng(seed).normal(size=(rows, COLUMNS)).round(DIGITS)


def frame(rows: int, seed: int) -> pd.DataFrame:
    """Six columns of numbers, four of words."""
    random = np.random.default_rng(seed)
    floats = {name: random.gamma(3, 20, rows).round(DIGITS) for name in FLOATS}
    return pd.DataFrame(
        floats | {name: random.choice(words, rows) for name, words in TEXTS.items()}
    )


def keys(rows: int, seed: int) -> list[str]:
    """Keys that the lookup table has."""
    return [key_of(number) for number in np.random.default_rng(seed).integers(0, 100_000, rows)]


def key_of(number: int) -> str:
    return f"customer-{number:09d}"


def entries(count: int) -> Iterator[tuple[str, dict[str, float]]]:
    """A lookup table with a dictionary for each key."""
    for number in range(count):
        yield key_of(number), {"mean": number / 8, "count": float(number % 977)}


def mean_of(key: str) -> float:
    """What the lookup table answers."""
    return int(key.removeprefix("customer-")) / 8
