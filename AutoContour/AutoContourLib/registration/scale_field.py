"""Smooth vector fields as sums of Gaussian bumps of several widths on a box.

With weights of unit variance the sum is a Gaussian process whose covariance is smooth at every
scale, so that plain squares of the weights are the field's energy: where nothing holds it, the
field continues smoothly from what does and falls back to zero within some widths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

Tensor = torch.Tensor
# Bumps this many widths apart add up to an even field within a thousandth.
_STEP = 1.25
_BEYOND = 1.5


@dataclass(frozen=True)
class ScaleGrid:
    """extent_mm: of the box along (k, j, i). widths_mm: standard deviations of the bumps, in the
    order in which their weights follow one another. strain: expected displacement along an axis
    at each width, as a share of it."""

    extent_mm: tuple[float, float, float]
    widths_mm: tuple[float, ...]
    strain: float = 0.1

    @property
    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """Counts of bumps along (k, j, i) for each width."""
        return tuple(
            tuple(len(_middles(length, width)) for length in self.extent_mm)  # type: ignore[misc]
            for width in self.widths_mm
        )

    @property
    def sizes(self) -> list[int]:
        """Counts of weights for each width."""
        return [3 * int(np.prod(shape)) for shape in self.shapes]

    def bases(self, places_mm: tuple[np.ndarray, ...]) -> Bases:
        """For each width one matrix (places, bumps) for each axis (k, j, i); places in mm from
        the box's first border."""
        matrices = []
        for width in self.widths_mm:
            # A cube root for each axis, so that the product carries the expected displacement.
            share = (self.strain * width) ** (1 / 3)
            matrices.append(
                tuple(
                    torch.from_numpy(share * _bumps(places, length, width)).float()
                    for places, length in zip(places_mm, self.extent_mm, strict=True)
                )
            )
        return Bases(self, tuple(matrices))


@dataclass(frozen=True, eq=False)
class Bases:
    """The bumps of a grid at the points of a lattice; weights are one vector (n,)."""

    grid: ScaleGrid
    matrices: tuple[tuple[Tensor, ...], ...]

    def spread(self, weights: Tensor) -> Tensor:
        """The field (3, K, J, I) in mm, components along the box's axes (i, j, k)."""
        parts = weights.split(self.grid.sizes)
        fields = [
            _along_axes(part.view(3, *shape), matrices)
            for part, shape, matrices in zip(parts, self.grid.shapes, self.matrices, strict=True)
        ]
        return torch.stack(fields).sum(dim=0) if len(fields) > 1 else fields[0]

    def gathered(self, values: Tensor) -> Tensor:
        """The transposed of `spread`: (3, K, J, I) → (n,)."""
        return torch.cat([_gathered(values, matrices).flatten() for matrices in self.matrices])

    def diagonal(self, squares: Tensor) -> Tensor:
        """Diagonal (n,) of gathering after weighting by squares (3, K, J, I) after spreading."""
        return torch.cat(
            [
                _gathered(squares, tuple(m.square() for m in matrices)).flatten()
                for matrices in self.matrices
            ]
        )


def _along_axes(values: Tensor, matrices: tuple[Tensor, ...]) -> Tensor:
    """One matrix along each of the last three axes: (n, a, b, c) → (n, K, J, I)."""
    k, j, i = matrices
    wide = j @ (values @ i.T)
    n, planes, rows, columns = wide.shape
    return (k @ wide.reshape(n, planes, rows * columns)).reshape(n, len(k), rows, columns)


def _gathered(values: Tensor, matrices: tuple[Tensor, ...]) -> Tensor:
    k, j, i = matrices
    n, planes, rows, columns = values.shape
    few = (k.T @ values.reshape(n, planes, rows * columns)).reshape(n, -1, rows, columns)
    return (j.T @ few) @ i


def _middles(length_mm: float, width_mm: float) -> np.ndarray:
    reach = _BEYOND * width_mm
    count = int(np.ceil((length_mm + 2 * reach) / (_STEP * width_mm))) + 1
    return np.linspace(-reach, length_mm + reach, count)


def _bumps(places_mm: np.ndarray, length_mm: float, width_mm: float) -> np.ndarray:
    """Values (places, bumps) whose squares add up to one at every place within the box."""
    middles = _middles(length_mm, width_mm)
    density = (middles[1] - middles[0]) / (width_mm * np.sqrt(np.pi))
    values: np.ndarray = np.sqrt(density) * np.exp(
        -0.5 * ((places_mm[:, None] - middles) / width_mm) ** 2
    )
    return values
