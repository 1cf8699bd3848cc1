"""The flank of one lung with the shoulder beside it, where a shoulder blade would lie over it.

Both flanks are seen as the right one, in a frame that the lung's box sets, so that a network sees
every patient alike; gray values are told by the contrast to their surroundings, since borders of
blades are faint. Planes are (j, i), bright where dense, the patient's right on the left.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage

from MedImageLib.intensity import normalized_by_ranks
from MedImageLib.network.framing import Frame, seen, unframed

GRID = (140, 120)
# The frame in heights and widths of the lung's box: above its apex, down to, beside it, inward.
ABOVE, DOWN_TO, BESIDE, INWARD = 0.2, 0.75, 0.5, 0.65
SURROUNDINGS_PX = 15  # of the grid: side of the square means, taken twice
LEAST_SPREAD = 0.02  # of the gray range: even parts have no contrast
MOST_CONTRAST = 4.0  # standard deviations
STRIP_DEPTH, STRIP_FROM, STRIP_TO = 0.22, 0.08, 0.5  # of the outer strip, widths and heights


def flank_frame(lung: np.ndarray, is_right: bool) -> Frame:
    """The frame of a lung's flank; lung: mask (j, i) that is not empty."""
    rows, columns = np.flatnonzero(lung.any(1)), np.flatnonzero(lung.any(0))
    height, width = float(np.ptp(rows)) + 1, float(np.ptp(columns)) + 1
    inward = 1.0 if is_right else -1.0
    outer = columns[0] if is_right else columns[-1]
    step = (
        (ABOVE + DOWN_TO) * height / (GRID[0] - 1),
        inward * (BESIDE + INWARD) * width / (GRID[1] - 1),
    )
    offset = np.array([rows[0] - ABOVE * height, outer - inward * BESIDE * width])
    return Frame(np.diag(step), offset, GRID)


def flank_picture(plane: np.ndarray, frame: Frame) -> np.ndarray:
    """Gray values 0 … 1 on GRID; what lies beyond the picture repeats its border."""
    corners = np.array([[0, 0], [GRID[0] - 1, GRID[1] - 1]]) @ frame.matrix.T + frame.offset
    margins = [
        (max(0, round(-low) + 1), max(0, round(high) - size + 2))
        for low, high, size in zip(corners.min(0), corners.max(0), plane.shape, strict=True)
    ]
    padded = np.pad(normalized_by_ranks(plane), margins, mode="edge")
    moved = Frame(frame.matrix, frame.offset + [before for before, _ in margins], frame.size)
    return normalized_by_ranks(seen(padded, moved))


def local_contrast(picture: np.ndarray) -> np.ndarray:
    """Difference to the mean of the surroundings over their spread, 0.5 for none, in 0 … 1."""
    picture = np.asarray(picture, np.float32)
    difference = picture - _surroundings(picture)
    spread = np.sqrt(np.maximum(_surroundings(difference**2), 0))
    contrast = difference / (spread + LEAST_SPREAD)
    return 0.5 + np.clip(contrast, -MOST_CONTRAST, MOST_CONTRAST) / (2 * MOST_CONTRAST)


def on_flank(mask: np.ndarray, frame: Frame) -> np.ndarray:
    """A mask (j, i) on GRID."""
    return (
        ndimage.affine_transform(
            mask.astype(np.uint8), frame.matrix, frame.offset, output_shape=GRID, order=0
        )
        > 0
    )


def outer_strip(lung: np.ndarray) -> np.ndarray:
    """The strip of a lung (on GRID) along the chest wall, which lies under any blade that reaches
    in plainly."""
    depth = (np.arange(GRID[1]) - lung.argmax(1)[:, None]) / lung_width_px()
    share = ((np.arange(GRID[0]) - apex_row()) / lung_height_px())[:, None]
    return lung & (depth <= STRIP_DEPTH) & (share > STRIP_FROM) & (share < STRIP_TO)


def lung_height_px() -> float:
    """Of the grid, as `flank_frame` makes it."""
    return (GRID[0] - 1) / (ABOVE + DOWN_TO)


def lung_width_px() -> float:
    """Of the grid, as `flank_frame` makes it."""
    return (GRID[1] - 1) / (BESIDE + INWARD)


def apex_row() -> float:
    """Of the grid, as `flank_frame` makes it."""
    return ABOVE * lung_height_px()


def from_flank(values: np.ndarray, frame: Frame, lung: np.ndarray) -> np.ndarray:
    """Values on GRID brought to the lung's pixels (j, i); 0 elsewhere and below the frame."""
    found = torch.from_numpy(np.ascontiguousarray(values, np.float32))[None]
    whole = unframed(found, frame, lung.shape)[0].numpy()
    # Blades hardly reach below the frame.
    last = int(frame.offset[0] + frame.matrix[0, 0] * (GRID[0] - 1))
    whole[last + 1 :] = 0
    return np.where(lung, whole, 0)


def _surroundings(picture: np.ndarray) -> np.ndarray:
    """Two square means in turn: nearly a Gaussian one, for a fraction of the time."""
    once = ndimage.uniform_filter(picture, SURROUNDINGS_PX, mode="nearest")
    return ndimage.uniform_filter(once, SURROUNDINGS_PX, mode="nearest")
