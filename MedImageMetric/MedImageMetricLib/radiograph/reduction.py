"""Large pictures are analyzed on fewer pixels: means of square blocks, and the exact way back.

Borders of blocks are borders of pixels, so that masks come back without a shift.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LONGEST_SIDE_PX = 768  # three times the networks' grid: their borders lose next to nothing
ORIENTATION_SIDE_PX = 384  # turns and inversion are plain on less


@dataclass(frozen=True)
class Reduction:
    """shape: rows and columns of the original. factor: side of a block in its pixels."""

    shape: tuple[int, int]
    factor: int

    def reduced(self, plane: np.ndarray) -> np.ndarray:
        """Means of blocks of a plane (j, i), float32; blocks beyond the edge repeat the edge."""
        if self.factor == 1:
            return plane
        beyond = [(0, -size % self.factor) for size in plane.shape]
        padded = np.pad(np.asarray(plane, np.float32), beyond, mode="edge")
        rows, columns = (size // self.factor for size in padded.shape)
        blocks = padded.reshape(rows, self.factor, columns, self.factor)
        return blocks.mean((1, 3), dtype=np.float32)

    def enlarged(self, labels: np.ndarray) -> np.ndarray:
        """A mask or label map of blocks on the original pixels."""
        if self.factor == 1:
            return labels
        full = labels.repeat(self.factor, 0).repeat(self.factor, 1)
        return np.ascontiguousarray(full[: self.shape[0], : self.shape[1]])


def reduction_of(shape: tuple[int, ...], longest_px: int = LONGEST_SIDE_PX) -> Reduction:
    """The smallest whole factor that brings the longer side to at most `longest_px`.

    >>> reduction_of((3000, 2500)).factor
    4
    """
    rows, columns = shape
    return Reduction((rows, columns), max(1, -(-max(shape) // longest_px)))
