"""Spline fields against what cubic polynomials and adjoint operators must give."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from AutoContourLib.registration.spline_field import SplineGrid, gathered, spread

EXTENT = (100.0, 120.0, 80.0)


@pytest.fixture
def grid():
    return SplineGrid.of_spacing(EXTENT, 25.0)


@pytest.fixture
def coefficients(grid):
    return torch.randn(grid.shape, generator=torch.Generator().manual_seed(1))


def places(*counts: int) -> tuple[np.ndarray, ...]:
    return tuple(np.linspace(0, e, n) for e, n in zip(EXTENT, counts, strict=True))


def test_a_constant_is_a_constant(grid):
    values = spread(torch.full(grid.shape, 3.0), grid.bases(places(7, 8, 9)))
    np.testing.assert_allclose(values, 3.0, atol=1e-5)


def test_a_finer_grid_holds_the_same_field(grid, coefficients):
    where = places(11, 13, 9)
    fine = spread(grid.refined(coefficients), grid.halved().bases(where))
    np.testing.assert_allclose(fine, spread(coefficients, grid.bases(where)), atol=1e-5)


def test_gathering_is_the_adjoint_of_spreading(grid, coefficients):
    bases = grid.bases(places(11, 13, 9))
    values = torch.randn(3, 11, 13, 9, generator=torch.Generator().manual_seed(2))
    one = float((spread(coefficients, bases) * values).sum())
    assert float((gathered(values, bases) * coefficients).sum()) == pytest.approx(one, rel=1e-4)


def test_the_energy_does_not_depend_on_the_grid(grid, coefficients):
    fine, finer = grid.halved(), grid.refined(coefficients)
    coarse = float((grid.penalty(coefficients, 60.0) * coefficients).sum())
    assert coarse > 0
    assert float((fine.penalty(finer, 60.0) * finer).sum()) == pytest.approx(coarse, rel=1e-3)


def test_the_energy_of_a_constant_is_that_of_its_length(grid):
    coefficients = torch.full(grid.shape, 2.0)
    energy = float((grid.penalty(coefficients, 10.0) * coefficients).sum())
    assert energy == pytest.approx(3 * 2.0**2 / 10.0**4, rel=1e-3)


def test_the_diagonal_is_that_of_the_operator(grid):
    place = (1, 2, 3, 2)
    unit = torch.zeros(grid.shape)
    unit[place] = 1.0
    assert float(grid.penalty(unit, 60.0)[place]) == pytest.approx(
        float(grid.penalty_scale(60.0)[place[1:]]), rel=1e-5
    )
