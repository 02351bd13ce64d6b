"""Small dense matrices of floats as tuples of rows: the linear algebra of a plant's balance, no more."""

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

Vector: TypeAlias = tuple[float, ...]
Matrix: TypeAlias = tuple[Vector, ...]
Rows: TypeAlias = Sequence[Sequence[float]]

# What elimination leaves of an entry that ought to vanish, relative to the largest entry.
NEGLIGIBLE: Final = 1e-10


def dot(x: Sequence[float], y: Sequence[float]) -> float:
    """Σ xᵢ yᵢ, summed without loss."""
    return math.fsum(p * q for p, q in zip(x, y, strict=True))


def row_echelon(a: Rows, columns: int) -> tuple[Matrix, tuple[int, ...]]:
    """Reduced row echelon form over the first `columns` columns, and the pivots' columns.

    Full pivoting by rows within each column; whatever stands right of `columns` goes along.
    """
    rows = [list(row) for row in a]
    largest = max((abs(v) for row in rows for v in row[:columns]), default=0.0)
    pivots: list[int] = []
    for column in range(columns):
        top = len(pivots)
        best = max(range(top, len(rows)), key=lambda i: abs(rows[i][column]), default=None)
        if best is None or abs(rows[best][column]) <= largest * NEGLIGIBLE:
            continue
        rows[top], rows[best] = rows[best], rows[top]
        _eliminate(rows, top, column)
        pivots.append(column)
    return tuple(tuple(row) for row in rows), tuple(pivots)


def _eliminate(rows: list[list[float]], top: int, column: int) -> None:
    pivot = rows[top][column]
    rows[top] = [v / pivot for v in rows[top]]
    for i, row in enumerate(rows):
        if i != top and row[column]:
            factor = row[column]
            rows[i] = [v - factor * p for v, p in zip(row, rows[top], strict=True)]
            rows[i][column] = 0.0


def orthonormal_rows(a: Rows, columns: int) -> Matrix:
    """Rows of length one, at right angles over the first `columns` columns, that span what A's rows do.

    Gram and Schmidt's method, each row cleared twice of the others so that rounding leaves nothing of them;
    whatever stands right of `columns` goes along. Rows that depend on those before them are left out.
    """
    basis: list[Vector] = []
    for row in a:
        rest = _of_unit_length(row, columns)
        for other in (*basis, *basis) if rest else ():
            overlap = dot(rest[:columns], other[:columns])
            rest = tuple(v - overlap * o for v, o in zip(rest, other, strict=True))
        if rest and math.hypot(*rest[:columns]) > NEGLIGIBLE:
            basis.append(_of_unit_length(rest, columns))
    return tuple(basis)


def _of_unit_length(row: Sequence[float], columns: int) -> Vector:
    """The row divided by its length over the first `columns` columns; empty when it has none."""
    length = math.hypot(*row[:columns])
    return tuple(v / length for v in row) if length else ()
