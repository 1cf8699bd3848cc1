"""The equations of a step of the field, against matrices written out, and the probable stiffness
against fields drawn with a known one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from AutoContourLib.registration.field_equations import FieldEquations, probable_stiffness
from AutoContourLib.registration.scale_field import Bases, ScaleGrid

EXTENT = (60.0, 66.0, 72.0)
SHAPE = (10, 11, 12)


@pytest.fixture(scope="module")
def bases() -> Bases:
    places = tuple((np.arange(n) + 0.5) * 6.0 for n in SHAPE)
    return ScaleGrid(EXTENT, (48.0, 24.0)).bases(places)


@pytest.fixture(scope="module")
def design(bases: Bases) -> torch.Tensor:
    """The bumps as one matrix (3 · voxels, n)."""
    return torch.stack([bases.spread(one).flatten() for one in torch.eye(sum(bases.grid.sizes))], 1)


def slopes(seed: int, strength: float = 1.0) -> torch.Tensor:
    """Slopes (c, 3, K, J, I) of four channels, by which voxels tell of the field."""
    drawn = np.random.default_rng(seed).normal(size=(4, 3, *SHAPE))
    return strength * torch.from_numpy(drawn).float()


def curvature(slopes: torch.Tensor) -> torch.Tensor:
    """Tensors (6, K, J, I) of the slopes."""
    pairs = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    return torch.stack([(slopes[:, a] * slopes[:, b]).sum(0) for a, b in pairs])


def written_out(equations: FieldEquations, design: torch.Tensor) -> torch.Tensor:
    """The matrix (n, n) of the equations, stiffness included."""
    xx, yy, zz, xy, xz, yz = (torch.diag(one.flatten()) for one in equations.tensor)
    middle = torch.cat([torch.cat(row, 1) for row in ((xx, xy, xz), (xy, yy, yz), (xz, yz, zz))])
    return (design.T @ middle @ design + torch.diag(equations.diagonal)).double()


def test_the_step_solves_the_equations(bases, design):
    equations = FieldEquations(bases, curvature(slopes(1, 0.3)), (3.0, 0.5))
    whole = written_out(equations, design)
    right = torch.from_numpy(np.random.default_rng(2).normal(size=len(whole)))
    exact = torch.linalg.solve(whole, right)
    found = equations.solved(right.float(), 400).double()
    assert float((found - exact).norm() / exact.norm()) < 0.02


def test_the_stiffness_is_that_of_the_most_probable_images(bases, design):
    """Against the trace of the inverse matrix, which is estimated from one vector of signs."""
    image = slopes(4, 0.3)
    equations = FieldEquations(bases, curvature(image), (4.0, 9.0))
    inverse = torch.linalg.inv(written_out(equations, design))
    generator = np.random.default_rng(3)
    weights = torch.from_numpy(generator.normal(size=len(inverse)) / 3).float()
    exact = [
        (len(one) - old * float(part.sum())) / float(one.square().sum())
        for old, one, part in zip(
            equations.stiffness,
            weights.split(bases.grid.sizes),
            inverse.diagonal().split(bases.grid.sizes),
            strict=True,
        )
    ]
    found = probable_stiffness(equations, weights, 0.5)
    assert found == pytest.approx(exact, rel=0.5)


def test_narrow_bumps_that_are_not_raised_become_stiff(bases):
    image = slopes(7, 0.6)
    equations = FieldEquations(bases, curvature(image), (4.0, 4.0))
    weights = torch.from_numpy(np.random.default_rng(8).normal(size=sum(bases.grid.sizes)))
    weights[bases.grid.sizes[0] :] *= 0.05
    found = probable_stiffness(equations, weights.float(), 4.0)
    assert found[0] == 2.0, "never below half of the given one"
    assert found[1] > 20


def test_without_any_sign_of_bending_it_becomes_as_stiff_as_allowed(bases):
    equations = FieldEquations(bases, curvature(slopes(5)), (4.0, 4.0))
    weights = torch.full((sum(bases.grid.sizes),), 1e-6)
    assert probable_stiffness(equations, weights, 4.0) == (120.0, 120.0)


def test_the_same_twice(bases):
    equations = FieldEquations(bases, curvature(slopes(6)), (4.0, 4.0))
    weights = 0.3 * torch.ones(sum(bases.grid.sizes))
    first = probable_stiffness(equations, weights, 4.0)
    assert first == probable_stiffness(equations, weights, 4.0)
