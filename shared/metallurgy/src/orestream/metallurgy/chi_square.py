"""The χ² distribution, as far as a reconciliation's global test needs it; standard library only."""

import math
from typing import Final

_HALVINGS: Final = 200
_NEGLIGIBLE: Final = 1e-16
# Below e^-700 a float knows only zero: the distribution lies wholly on one side of the value.
_SMALLEST_EXPONENT: Final = -700.0


def chi_square_cdf(value: float, degrees: int) -> float:
    """P(χ² ≤ value) for `degrees` ≥ 1 degrees of freedom.

    The regularised lower incomplete gamma function P(a, x) with a = degrees/2, x = value/2, by its series
    e^(−x) x^a Σ xⁿ / Γ(a + n + 1) (Abramowitz & Stegun 6.5.29 and 26.4.19). Its terms fall from n ≈ x on,
    so it always ends.

    Raises:
        ValueError: degrees below 1.
    """
    if degrees < 1:
        raise ValueError(f"{degrees} degrees of freedom have no distribution")
    if value <= 0:
        return 0.0
    a, x = degrees / 2, value / 2
    exponent = a * math.log(x) - x - math.lgamma(a + 1)
    if exponent < _SMALLEST_EXPONENT:
        return 0.0 if x < a else 1.0
    term = total = math.exp(exponent)
    n = 0
    while n <= x or term > total * _NEGLIGIBLE:
        n += 1
        term *= x / (a + n)
        total += term
    return min(total, 1.0)


def chi_square_quantile(probability: float, degrees: int) -> float:
    """The value that χ² exceeds with 1 − `probability`, by halving an interval; 0.95 and 4: 9.4877.

    Raises:
        ValueError: degrees below 1, or a probability that is not within 0 and 1 (exclusive).
    """
    if not 0 < probability < 1:
        raise ValueError(f"{probability} is no probability to take a quantile of")
    low, high = 0.0, float(degrees) + 1
    while chi_square_cdf(high, degrees) < probability:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        if chi_square_cdf(middle, degrees) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2
