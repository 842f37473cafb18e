"""The tail functions against scipy's."""

import numpy as np
import pytest
from scipy import stats

from framework.drift.tails import chi_square_tail, kolmogorov_tail


@pytest.mark.parametrize("degrees", [1, 2, 3, 5, 10, 63, 255, 2000])
def test_chi_square_agrees_with_scipy(degrees):
    for p in (0.999999, 0.9, 0.5, 0.1, 1e-3, 1e-6, 1e-12, 1e-100):
        x = float(stats.chi2.isf(p, degrees))
        assert chi_square_tail(x, degrees) == pytest.approx(stats.chi2.sf(x, degrees), rel=1e-9)


def test_kolmogorov_agrees_with_scipy():
    for x in np.linspace(0.05, 10, 200):
        expected = stats.kstwobign.sf(x)
        assert kolmogorov_tail(float(x)) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_the_ends_are_certain():
    assert chi_square_tail(0.0, 3) == chi_square_tail(-1.0, 3) == kolmogorov_tail(0.0) == 1.0
    assert chi_square_tail(1e6, 1) == kolmogorov_tail(100.0) == 0.0
