"""The two tail functions that the tests need, without scipy.

Sources: Abramowitz & Stegun, Handbook of Mathematical Functions (1964), 6.5.29 (series) and 6.5.31
(continued fraction, evaluated by Lentz' method) for the incomplete gamma function; Kolmogorov
(1933) and Smirnov (1948) for the limiting distribution of the largest difference, with Jacobi's
theta identity for small arguments. tests/framework/drift compares both with scipy.
"""

import math

PRECISION = 1e-15
TINY = 1e-300
MOST_TERMS = 100_000
SMALL_ARGUMENT = 1.0


def chi_square_tail(statistic: float, degrees: int) -> float:
    """The probability that chi-square with ``degrees`` degrees of freedom exceeds ``statistic``."""
    if statistic <= 0:
        return 1.0
    shape, x = degrees / 2, statistic / 2
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        return 1.0 - scale * _lower_series(shape, x)
    return scale * _upper_fraction(shape, x)


def kolmogorov_tail(x: float) -> float:
    """The probability that the limit of sqrt(n) times the largest difference exceeds ``x``."""
    if x <= 0:
        return 1.0
    if x < SMALL_ARGUMENT:
        terms = (math.exp(-((2 * k - 1) ** 2) * math.pi**2 / (8 * x * x)) for k in range(1, 6))
        return 1.0 - math.sqrt(2 * math.pi) / x * sum(terms)
    return 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 6))


def _lower_series(shape: float, x: float) -> float:
    """The lower incomplete gamma function, without its factor x^a e^-x / Gamma(a)."""
    term = total = 1 / shape
    for n in range(1, MOST_TERMS):
        term *= x / (shape + n)
        total += term
        if term < total * PRECISION:
            break
    return total


def _upper_fraction(shape: float, x: float) -> float:
    """The upper incomplete gamma function, without the same factor."""
    b = x + 1 - shape
    c, d = 1 / TINY, 1 / b
    fraction = d
    for n in range(1, MOST_TERMS):
        a = -n * (n - shape)
        b += 2
        d = 1 / (a * d + b or TINY)
        c = b + a / c or TINY
        fraction *= c * d
        if abs(c * d - 1) < PRECISION:
            break
    return fraction
