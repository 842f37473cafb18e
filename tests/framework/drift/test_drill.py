"""A small, seeded sample of tests/drills/drift.py."""

import pytest

from tests.drills.drift import KINDS, MIXED, SHIFTABLE, alarms, finds

SIZES = ((500, 500), (500, 20_000), (20_000, 500))


@pytest.mark.parametrize("kind", [*KINDS, MIXED])
def test_unshifted_data_raise_no_alarm(kind):
    raised = [(size, seed) for size in SIZES for seed in range(6) if alarms(kind, *size, seed)]
    assert raised == []


@pytest.mark.parametrize("kind", SHIFTABLE)
def test_a_shift_of_half_a_standard_deviation_is_found(kind):
    missed = [
        (rows, seed)
        for rows in (500, 2000)
        for seed in range(8)
        if not finds(kind, rows, 2000, seed)
    ]
    assert missed == []


def test_a_million_rows_raise_no_alarm_and_hide_no_shift():
    assert not alarms("discrete", 200_000, 1_000_000, 1)
    assert finds("normal", 20_000, 1_000_000, 1)
