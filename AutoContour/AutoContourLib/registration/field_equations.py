"""The linear equations of a step of the field, and how stiff the images ask it to be.

(A + stiffness) step = force, with A the curvature of the images' differences seen through the
field's bumps; solved by conjugate gradients. The stiffness of each width of bumps is the one under
which the two images are most probable (MacKay, Neural Computation 4:415, 1992, eq. 4.8), so that a
patient who bent in wide waves gets no narrow ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from AutoContourLib.registration.scale_field import Bases

Tensor = torch.Tensor
# Of the given stiffness; a width may become far stiffer, but hardly looser.
_LEAST, _MOST = 0.5, 30.0
_ROUNDS_OF_TRACE = 40
# Of the energy that is left unsolved.
_REST = 1e-4


@dataclass(frozen=True, eq=False)
class FieldEquations:
    """bases: bumps at the middles of blocks of voxels. tensor: (6, K, J, I) xx, yy, zz, xy, xz, yz
    of each block. stiffness: of each width of bumps."""

    bases: Bases
    tensor: Tensor
    stiffness: tuple[float, ...]

    @property
    def diagonal(self) -> Tensor:
        """(n,) of the stiffness alone."""
        sizes = self.bases.grid.sizes
        return torch.cat(
            [torch.full((n,), one) for n, one in zip(sizes, self.stiffness, strict=True)]
        )

    def solved(self, right: Tensor, rounds: int = 25) -> Tensor:
        """The step (n,) of a right side (n,): conjugate gradients, preconditioned by the
        diagonal."""
        stiff = self.diagonal
        scale = self.bases.diagonal(self.tensor[:3]) + stiff
        x = torch.zeros_like(right)
        rest = right.clone()
        scaled = rest / scale
        direction = scaled.clone()
        power = float((rest * scaled).sum())
        first = power
        for _ in range(rounds):
            if power <= _REST * first or power <= 0:
                break
            pushed = self._curved(direction) + stiff * direction
            length = power / max(float((direction * pushed).sum()), 1e-30)
            x += length * direction
            rest -= length * pushed
            scaled = rest / scale
            before, power = power, float((rest * scaled).sum())
            direction = scaled + (power / before) * direction
        return x

    def _curved(self, x: Tensor) -> Tensor:
        xx, yy, zz, xy, xz, yz = self.tensor
        p = self.bases.spread(x)
        pulled = torch.stack(
            [
                xx * p[0] + xy * p[1] + xz * p[2],
                xy * p[0] + yy * p[1] + yz * p[2],
                xz * p[0] + yz * p[1] + zz * p[2],
            ]
        )
        return self.bases.gathered(pulled)


def probable_stiffness(
    equations: FieldEquations, weights: Tensor, given: float
) -> tuple[float, ...]:
    """Stiffness of each width after one step towards the most probable one; given: the setting.

    A width with n weights w, of which the images determine n - s·tr(inverse), gets that count
    over w². The trace is estimated from one vector of signs (Hutchinson, 1989), the same each time.
    """
    generator = torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, weights.shape, generator=generator) * 2.0 - 1.0
    answered = signs * equations.solved(signs, _ROUNDS_OF_TRACE)
    sizes = equations.bases.grid.sizes
    found = []
    for old, one, trace in zip(
        equations.stiffness, weights.split(sizes), answered.split(sizes), strict=True
    ):
        determined = max(len(one) - old * float(trace.sum()), 1.0)
        wished = determined / max(float(one.square().sum()), 1e-9)
        found.append(min(max(wished, _LEAST * given), _MOST * given))
    return tuple(found)
