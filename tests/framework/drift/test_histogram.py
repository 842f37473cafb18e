"""What a manifest keeps of a column of numbers: exact at its edges, small, valid JSON."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from framework.schema import learn_statistics
from framework.schema.histogram import bins_for, counts_between, histogram

COLUMNS = {
    "normal": np.random.default_rng(0).normal(0, 1, 5000),
    "integers": np.random.default_rng(1).integers(0, 20, 5000).astype(float),
    "constant": np.full(100, 7.0),
    "zeros": np.where(np.random.default_rng(2).random(5000) < 0.9, 0.0, 3.7),
    "one value": np.array([0.0]),
    "far apart": np.array([-1e308, 1e308] * 50),
}


@pytest.mark.parametrize("values", COLUMNS.values(), ids=COLUMNS)
def test_counts_are_exact_and_the_size_is_bounded(values):
    found = histogram(values, 32)
    assert found["counts"] == counts_between(values, found["edges"]).tolist()
    assert sum(found["counts"]) == len(values)
    assert len(json.dumps(found, allow_nan=False)) < 2000


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e300, 1e300)))
def test_any_numbers_are_counted_exactly(values):
    found = histogram(values, 32)
    assert found["edges"] == sorted(set(found["edges"]))
    assert found["counts"] == counts_between(values, found["edges"]).tolist()


def test_values_of_another_precision_fall_into_the_same_bins():
    values = np.round(np.random.default_rng(3).random(4000), 1)
    found = histogram(values, 32)
    single = values.astype(np.float32).astype(np.float64)
    assert counts_between(single, found["edges"]).tolist() == found["counts"]


def test_very_wide_tables_have_fewer_bins():
    assert (bins_for(1), bins_for(784), bins_for(100_000)) == (32, 10, 10)
    wide = learn_statistics(np.random.default_rng(4).normal(size=(300, 784)))
    assert len(json.dumps(wide)) / 784 < 700


def test_the_statistics_of_a_column_are_a_few_kilobytes_at_most():
    dice = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "number": dice.normal(0, 1, 20_000),
            "id": pd.Categorical([f"customer-{i}" for i in range(20_000)]),
            "text": [f"{'long ' * (i % 50)}text {i}" for i in range(20_000)],
        }
    )
    statistics = learn_statistics(frame)
    assert len(statistics["id"]["buckets"]) == 64
    assert all(len(json.dumps(column, indent=2)) < 4000 for column in statistics.values())
