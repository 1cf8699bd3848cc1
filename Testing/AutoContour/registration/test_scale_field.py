"""Fields of Gaussian bumps against their expected spread, their width, and adjoint operators."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from AutoContourLib.registration.scale_field import ScaleGrid

EXTENT = (100.0, 120.0, 80.0)


@pytest.fixture
def grid():
    return ScaleGrid(EXTENT, (40.0, 20.0))


def places(*counts: int) -> tuple[np.ndarray, ...]:
    return tuple(np.linspace(0, e, n) for e, n in zip(EXTENT, counts, strict=True))


def drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_weights_of_unit_variance_displace_by_the_expected_length(grid):
    """The variance at a place is the sum of squares of all bumps there, at every place alike."""
    bases = ScaleGrid(EXTENT, (20.0,)).bases(places(6, 7, 8))
    ones = torch.ones(3, 6, 7, 8)
    lines = [m.square().sum(dim=1) for m in bases.matrices[0]]
    variance = torch.einsum("a,b,c->abc", *lines)
    np.testing.assert_allclose(variance.sqrt(), (0.1 * 20.0) * ones[0], rtol=5e-3)


def test_a_bump_has_the_width_it_was_asked_for():
    grid = ScaleGrid((200.0, 200.0, 200.0), (20.0,))
    where = tuple(np.linspace(60, 140, 161) for _ in range(3))
    weights = torch.zeros(3, *grid.shapes[0])
    weights[0, 5, 5, 5] = 1.0
    line = grid.bases(where).spread(weights.flatten())[0][80, 80].numpy()
    at = where[2]
    peak = line.argmax()
    half = at[line >= line[peak] / 2]
    assert half.max() - half.min() == pytest.approx(2.355 * 20.0, abs=1.5)


def test_gathering_is_the_adjoint_of_spreading(grid):
    bases = grid.bases(places(11, 13, 9))
    weights, values = drawn(sum(grid.sizes)), drawn(3, 11, 13, 9, seed=2)
    one = float((bases.spread(weights) * values).sum())
    assert float((bases.gathered(values) * weights).sum()) == pytest.approx(one, rel=1e-4)


def test_the_diagonal_is_that_of_the_operator(grid):
    bases = grid.bases(places(11, 13, 9))
    squares = drawn(3, 11, 13, 9).square()
    diagonal = bases.diagonal(squares)
    for place in (0, 17, len(diagonal) - 5):
        unit = torch.zeros(len(diagonal))
        unit[place] = 1.0
        found = bases.gathered(squares * bases.spread(unit))[place]
        assert float(found) == pytest.approx(float(diagonal[place]), rel=1e-3, abs=1e-6)


def test_a_further_width_leaves_the_field_as_it_is(grid):
    first = ScaleGrid(EXTENT, (40.0,))
    weights = drawn(sum(first.sizes))
    more = torch.cat([weights, torch.zeros(grid.sizes[1])])
    where = places(5, 6, 7)
    np.testing.assert_allclose(
        grid.bases(where).spread(more), first.bases(where).spread(weights), atol=1e-6
    )
