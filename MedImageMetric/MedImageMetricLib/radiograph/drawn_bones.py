"""Label maps of the spine from what was read on radiographs, for training.

A reading gives the x of the vertebral column at three heights. Heights are not written down: they
are those of the lungs, which the product's model finds. Pixels of which the reading says nothing
hold UNKNOWN.
Planes and label maps are (j, i), in pixels; the patient's right is on the picture's left.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from MedImageLib.network.model_store import load_model
from MedImageLib.network.samples import UNKNOWN
from MedImageMetricLib.radiograph.cardiothoracic import LEFT_LUNG, RIGHT_LUNG
from MedImageMetricLib.radiograph.measurements import spine_center_line
from MedImageMetricLib.radiograph.segmentation import MODEL, labels_of_plane, largest_parts

CLAVICLES_SHARE = 0.08  # of the lungs' height below the apex
LEAST_DOME_SHARE = 0.15  # nearer to the apex no dome lies; the lungs were found wrongly
# Width of the vertebral column over that of both lungs at their apex and at their base, from
# the outlines of 34 radiographs.
WIDTH_AT_APEX, WIDTH_AT_BASE = 0.111, 0.158
UNSURE_END_SHARE = 0.06  # of the lungs' height: where the column's part beside the lungs ends


@dataclass(frozen=True, eq=False)
class LungExtent:
    """Where the lungs lie: mask of both (j, i), rows of apex, dome and base, and the columns."""

    right: np.ndarray
    left: np.ndarray
    apex: float
    dome: float
    base: float
    first_column: float
    last_column: float

    @property
    def height(self) -> float:
        return self.base - self.apex

    @property
    def width(self) -> float:
        return self.last_column - self.first_column


def spine_band(image: np.ndarray, row: Mapping[str, str], folder: Path) -> np.ndarray | None:
    """The column beside the lungs as a band about the read points; None with fewer than two.

    row: `spine_x_top`, `spine_x_mid`, `spine_x_bottom` at the clavicles, half way from the apex
    to the dome, and at the dome; beyond the last point that was read, nothing is known.
    """
    lungs = lung_extent(image)
    if lungs is None or lungs.dome - lungs.apex < LEAST_DOME_SHARE * lungs.height:
        return None
    heights = (
        lungs.apex + CLAVICLES_SHARE * lungs.height,
        0.5 * (lungs.apex + lungs.dome),
        lungs.dome,
    )
    texts = [row[f"spine_x_{name}"].strip() for name in ("top", "mid", "bottom")]
    read = [(j, float(text)) for j, text in zip(heights, texts, strict=True) if text]
    if len(read) < 2:
        return None
    rows, columns = np.indices(image.shape)
    center = _extended(np.array(read), np.arange(image.shape[0]))[:, None]
    share = (rows - lungs.apex) / lungs.height
    half = lungs.width * (WIDTH_AT_APEX + share * (WIDTH_AT_BASE - WIDTH_AT_APEX)) / 2
    label = np.zeros(image.shape, np.uint8)
    label[(np.abs(columns - center) <= half) & (share >= 0) & (share <= 1)] = 1
    label[(np.abs(share) < UNSURE_END_SHARE) | (np.abs(share - 1) < UNSURE_END_SHARE)] = UNKNOWN
    if not texts[0]:
        label[: round(read[0][0])] = UNKNOWN
    if not texts[2]:
        label[round(read[-1][0]) :] = UNKNOWN
    return label


def spine_offset(labels: np.ndarray, spacing_mm: tuple[float, ...]) -> float | None:
    """Mean signed distance of the spine's (1) center line from the middle, over the width."""
    points = spine_center_line(labels == 1)
    if len(points) < 2:
        return None
    return float(np.mean(points[:, 0]) - (labels.shape[1] - 1) / 2) / labels.shape[1]


def lung_extent(image: np.ndarray) -> LungExtent | None:
    """Where the product's model finds the lungs; None unless it finds both."""
    labels = labels_of_plane(np.asarray(image, np.float32), _lung_model(), None, largest_parts)
    right, left = labels.labels == RIGHT_LUNG, labels.labels == LEFT_LUNG
    if not right.any() or not left.any():
        return None
    rows = np.flatnonzero((right | left).any(1))
    columns = np.flatnonzero((right | left).any(0))
    # The dome is where the lower border of the right lung is highest, its ends left out.
    own = np.flatnonzero(right.any(0))
    inner = own[len(own) // 4 : -(len(own) // 4) or None]
    lower = image.shape[0] - 1 - right[::-1, inner].argmax(0)
    return LungExtent(
        right=right,
        left=left,
        apex=float(rows[0]),
        dome=float(lower.min()),
        base=float(rows[-1]),
        first_column=float(columns[0]),
        last_column=float(columns[-1]),
    )


@functools.lru_cache(maxsize=1)
def _lung_model():
    return load_model(MODEL)


def _extended(points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Straight lines between points (row, column); beyond them it leans as the whole does."""
    (first, start), (last, end) = points[0], points[-1]
    slope = (end - start) / (last - first)
    inside = np.interp(rows, points[:, 0], points[:, 1])
    return inside + slope * (np.minimum(rows - first, 0) + np.maximum(rows - last, 0))
