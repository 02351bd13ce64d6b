"""Yields and recoveries from grades alone: two-product and three-product formulae, and rule R09."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from orestream.metallurgy.errors import FormulaDoesNotApplyError
from orestream.metallurgy.quantities import HUNDRED, ZERO, exactly

_EIGHT: Final = Decimal("1e-8")
# Below this ratio of determinant to product of row lengths, four-figure assays decide nothing.
NEARLY_SINGULAR: Final = Decimal("1e-4")


@dataclass(frozen=True, slots=True)
class TwoProduct:
    """Mass yield Y and recovery R of the concentrate in percent, ratio of concentration K; eight decimals."""

    yield_pct: Decimal
    recovery_pct: Decimal
    concentration_ratio: Decimal


@dataclass(frozen=True, slots=True)
class GradePair:
    """The grades of metals a and b in one stream, all streams in the same unit."""

    a: Decimal
    b: Decimal


@dataclass(frozen=True, slots=True)
class ThreeProduct:
    """Mass yields, recovery of a in the first concentrate and of b in the second; percent, eight decimals."""

    yield_1_pct: Decimal
    yield_2_pct: Decimal
    yield_tailings_pct: Decimal
    recovery_a_pct: Decimal
    recovery_b_pct: Decimal


@exactly
def two_product(feed: Decimal, concentrate: Decimal, tailings: Decimal) -> TwoProduct:
    """Y = (f−t)/(c−t), R = cY/f, K = 1/Y, from grades in one unit.

    Raises:
        FormulaDoesNotApplyError: not c > f > t ≥ 0.
    """
    _require_order(feed, concentrate, tailings)
    mass = (feed - tailings) / (concentrate - tailings)
    recovery = concentrate * mass / feed
    return TwoProduct(_eight(mass * HUNDRED), _eight(recovery * HUNDRED), _eight(1 / mass))


@exactly
def recovery_sigma_pct(
    feed: Decimal,
    concentrate: Decimal,
    tailings: Decimal,
    *,
    sigma_feed: Decimal,
    sigma_concentrate: Decimal,
    sigma_tailings: Decimal,
) -> Decimal:
    """σ of the two-product recovery in points of percent, eight decimals.

    V_R = (ct/(f(c−t)))² · [V_f/f² + ((f−t)/(c(c−t)))² V_c + ((c−f)/(t(c−t)))² V_t] (Wills & Finch, Mineral
    Processing Technology), with the bracket multiplied out so that tailings of zero are no exception.

    Raises:
        FormulaDoesNotApplyError: not c > f > t ≥ 0.
    """
    _require_order(feed, concentrate, tailings)
    spread = concentrate - tailings
    by_feed = concentrate * tailings / (feed * feed * spread) * sigma_feed
    by_concentrate = tailings * (feed - tailings) / (feed * spread * spread) * sigma_concentrate
    by_tailings = concentrate * (concentrate - feed) / (feed * spread * spread) * sigma_tailings
    return _eight((by_feed**2 + by_concentrate**2 + by_tailings**2).sqrt() * HUNDRED)


@exactly
def three_product(
    feed: GradePair, concentrate_1: GradePair, concentrate_2: GradePair, tailings: GradePair
) -> ThreeProduct:
    """Solve Y1 + Y2 + YT = 1, ΣY·a = fa, ΣY·b = fb by Cramer's rule on differences from the tailings.

    Raises:
        FormulaDoesNotApplyError: the system is nearly singular, a yield is negative, or a feed grade is zero.
    """
    if feed.a <= 0 or feed.b <= 0:
        raise FormulaDoesNotApplyError("a feed without the metal has no recovery of it")
    f, c1, c2 = (_less(pair, tailings) for pair in (feed, concentrate_1, concentrate_2))
    determinant = c1.a * c2.b - c2.a * c1.b
    if abs(determinant) <= NEARLY_SINGULAR * _length(c1) * _length(c2):
        raise FormulaDoesNotApplyError("the products are too alike: the system is nearly singular")
    y1 = (f.a * c2.b - c2.a * f.b) / determinant
    y2 = (c1.a * f.b - f.a * c1.b) / determinant
    rest = 1 - y1 - y2
    if min(y1, y2, rest) < 0:
        raise FormulaDoesNotApplyError(f"negative yield among {_eight(y1)}, {_eight(y2)}, {_eight(rest)}")
    recoveries = (y1 * concentrate_1.a / feed.a, y2 * concentrate_2.b / feed.b)
    return ThreeProduct(*(_eight(part * HUNDRED) for part in (y1, y2, rest, *recoveries)))


@exactly
def order_findings(feed: Decimal, concentrate: Decimal, tailings: Decimal) -> tuple[str, ...]:
    """Rule R09 on grades, c > f > t: one finding per broken inequality, in words; empty when it holds.

    For the metal a separation enriches, where there is one product and one tailings; the caller knows.
    """
    return (
        *((f"concentrate {concentrate} is not above feed {feed}",) if concentrate <= feed else ()),
        *((f"feed {feed} is not above tailings {tailings}",) if feed <= tailings else ()),
    )


@exactly
def recovery_findings(recovery_pct: Decimal, sigma_pct: Decimal | None = None) -> tuple[str, ...]:
    """Rule R09 on a recovery, 0 ≤ R ≤ 100 % within its σ (none: exactly); empty when it holds."""
    slack = ZERO if sigma_pct is None else sigma_pct
    if -slack <= recovery_pct <= HUNDRED + slack:
        return ()
    return (f"recovery {recovery_pct} % is not within 0 and 100 % by its uncertainty of {slack} points",)


def _require_order(feed: Decimal, concentrate: Decimal, tailings: Decimal) -> None:
    findings = order_findings(feed, concentrate, tailings)
    if findings or tailings < 0:
        raise FormulaDoesNotApplyError("; ".join(findings) or f"tailings {tailings} is negative")


def _less(pair: GradePair, tailings: GradePair) -> GradePair:
    return GradePair(pair.a - tailings.a, pair.b - tailings.b)


def _length(pair: GradePair) -> Decimal:
    return (pair.a * pair.a + pair.b * pair.b).sqrt()


def _eight(number: Decimal) -> Decimal:
    return number.quantize(_EIGHT)
