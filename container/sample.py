"""Fills the sample channels with the Palmer penguins; only `check`, the demo and tests run it."""

from pathlib import Path

from features import TARGET
from palmerpenguins import load_penguins
from sklearn.model_selection import train_test_split


def write_channels(directory: Path) -> None:
    """Write train (60 %), validation and the held-out test (20 % each), by species alike."""
    penguins = load_penguins().drop(columns="year")
    train, rest = train_test_split(
        penguins, train_size=0.6, stratify=penguins[TARGET], random_state=0
    )
    validation, test = train_test_split(rest, train_size=0.5, stratify=rest[TARGET], random_state=0)
    for channel, rows in {"train": train, "validation": validation, "test": test}.items():
        (directory / channel).mkdir(parents=True, exist_ok=True)
        rows.to_csv(directory / channel / "penguins.csv", index=False)
