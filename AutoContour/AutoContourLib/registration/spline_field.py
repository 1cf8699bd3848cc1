"""Smooth vector fields by uniform cubic B-splines on a box, evaluated by products along the axes.

Coefficients are (3, a, b, c), components along the box's axes (i, j, k) in mm; positions are mm
from the box's first border along (k, j, i). Energies are exact, not sampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

Tensor = torch.Tensor


@dataclass(frozen=True)
class SplineGrid:
    """extent_mm: of the box along (k, j, i). intervals: of the control grid along (k, j, i)."""

    extent_mm: tuple[float, float, float]
    intervals: tuple[int, int, int]

    @classmethod
    def of_spacing(cls, extent_mm: tuple[float, ...], control_mm: float) -> SplineGrid:
        """The grid whose control spacing is nearest to the wished one along each axis."""
        counts = [max(1, round(length / control_mm)) for length in extent_mm]
        return cls(tuple(extent_mm), tuple(counts))  # type: ignore[arg-type]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        a, b, c = self.intervals
        return 3, a + 3, b + 3, c + 3

    def halved(self) -> SplineGrid:
        """The grid of half the spacing; it holds every field of this one exactly."""
        a, b, c = self.intervals
        return SplineGrid(self.extent_mm, (2 * a, 2 * b, 2 * c))

    def refined(self, coefficients: Tensor) -> Tensor:
        """The same field in coefficients of `halved()`."""
        fine = self.halved()
        steps = []
        for length, few, many in zip(self.extent_mm, self.intervals, fine.intervals, strict=True):
            places = np.linspace(0.0, length, 8 * many + 1)
            steps.append(
                np.linalg.lstsq(_basis(places, length, many), _basis(places, length, few))[0]
            )
        return spread(coefficients, tuple(torch.from_numpy(s).float() for s in steps))

    def bases(self, places_mm: tuple[np.ndarray, ...]) -> tuple[Tensor, ...]:
        """One matrix (places, coefficients) for each axis (k, j, i)."""
        return tuple(
            torch.from_numpy(_basis(places, length, count)).float()
            for places, length, count in zip(places_mm, self.extent_mm, self.intervals, strict=True)
        )

    def penalty(self, coefficients: Tensor, reach_mm: float) -> Tensor:
        """Gradient of half the energy ∫ |(1 / reach² − Δ) u|² dx / volume.

        Beyond the reach of what holds it, a field of least energy falls back to zero, where
        bending alone would let it grow.
        """
        total = sum(w * spread(coefficients, m) for w, m in self._terms(reach_mm))
        return total / float(np.prod(self.extent_mm))  # type: ignore[return-value]

    def penalty_scale(self, reach_mm: float) -> Tensor:
        """Diagonal of `penalty`, shape (a, b, c)."""
        total: Tensor = torch.zeros(self.shape[1:])
        for weight, matrices in self._terms(reach_mm):
            a, b, c = (m.diagonal() for m in matrices)
            total = total + weight * a[:, None, None] * b[:, None] * c
        return total / float(np.prod(self.extent_mm))

    def _terms(self, reach_mm: float) -> list[tuple[float, tuple[Tensor, Tensor, Tensor]]]:
        plain, slope, curve = self._products
        terms = [(reach_mm**-4, (plain[0], plain[1], plain[2]))]
        for along in range(3):
            for weight, one, others in (
                (2 * reach_mm**-2, slope, plain),
                (1.0, curve, plain),
                (2.0, plain, slope),
            ):
                k, j, i = (one[n] if n == along else others[n] for n in range(3))
                terms.append((weight, (k, j, i)))
        return terms

    @cached_property
    def _products(self) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """∫ BᵀB, ∫ B′ᵀB′ and ∫ B″ᵀB″ for each axis (k, j, i)."""
        groups: tuple[list[Tensor], list[Tensor], list[Tensor]] = ([], [], [])
        points, weights = np.polynomial.legendre.leggauss(4)
        for length, count in zip(self.extent_mm, self.intervals, strict=True):
            step = length / count
            places = ((np.arange(count)[:, None] + (points + 1) / 2) * step).ravel()
            weight = np.tile(weights / 2 * step, count)[:, None]
            for order, group in enumerate(groups):
                basis = _basis(places, length, count, order)
                group.append(torch.from_numpy(basis.T @ (weight * basis)).float())
        return groups


def spread(coefficients: Tensor, matrices: tuple[Tensor, ...]) -> Tensor:
    """Apply one matrix along each of the last three axes: (n, a, b, c) → (n, K, J, I)."""
    k, j, i = matrices
    values = j @ (coefficients @ i.T)
    n, a, rows, columns = values.shape
    return (k @ values.reshape(n, a, rows * columns)).reshape(n, len(k), rows, columns)


def gathered(values: Tensor, matrices: tuple[Tensor, ...]) -> Tensor:
    """The transposed of `spread`: (n, K, J, I) → (n, a, b, c)."""
    k, j, i = matrices
    n, planes, rows, columns = values.shape
    few = (k.T @ values.reshape(n, planes, rows * columns)).reshape(n, -1, rows, columns)
    return (j.T @ few) @ i


def _basis(places_mm: np.ndarray, length_mm: float, intervals: int, order: int = 0) -> np.ndarray:
    """Values, or derivatives per mm, of the intervals + 3 cubic B-splines, shape (places, n)."""
    step = length_mm / intervals
    at = places_mm[:, None] / step - (np.arange(intervals + 3) - 1)
    size = np.abs(at)
    near, far = size < 1, (size >= 1) & (size < 2)
    if order == 0:
        values = np.where(near, 2 / 3 - size**2 + size**3 / 2, 0) + np.where(
            far, (2 - size) ** 3 / 6, 0
        )
    elif order == 1:
        values = np.sign(at) * (
            np.where(near, -2 * size + 1.5 * size**2, 0) - np.where(far, (2 - size) ** 2 / 2, 0)
        )
    else:
        values = np.where(near, 3 * size - 2, 0) + np.where(far, 2 - size, 0)
    result: np.ndarray = values / step**order
    return result
