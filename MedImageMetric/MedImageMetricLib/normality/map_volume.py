"""The anomaly map of a scan as a volume that lies on the scan, to be laid over it."""

from __future__ import annotations

import numpy as np

from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume
from MedImageMetricLib.normality.screening import Screening
from MedImageMetricLib.normality.view import ImageView


def anomaly_map(scan: Volume, screening: Screening, view: ImageView) -> Volume:
    """|difference from normal anatomy| in deviations of the decoder, float32, 0 where not drawn.

    Only the worst slices have values. The grid is coarser than the scan's within a slice; its
    pixels lie where the model saw them (`view.planes_of`).
    """
    _, rows, columns = scan.array.shape
    residuals = np.abs(np.asarray(screening.residuals, np.float32))
    side = residuals.shape[-1]
    values = np.zeros((len(scan.array), side, side), np.float32)
    for place, number in enumerate(screening.worst_slices):
        values[number] = residuals[place]
    (start_i, step_i), (start_j, step_j) = (
        _places(size, side, view, scan.geometry) for size in (columns, rows)
    )
    geometry = scan.geometry
    across, down, between = geometry.spacing_mm
    origin = geometry.points_mm(np.array([[start_i, start_j, 0.0]]))[0]
    grid = Geometry(
        values.shape,
        (across * step_i, down * step_j, between),
        tuple(origin),
        geometry.direction,
        geometry.spacing_known,
    )
    return Volume(values, grid)


def _places(size: int, side: int, view: ImageView, geometry: Geometry) -> tuple[float, float]:
    """Index of the scan at the first pixel of the map along an axis, and its step."""
    if view.fit == "whole":
        scaled = max(1, round(size * view.side / max(geometry.shape[1:])))
        step = size / scaled  # indices of the scan in a pixel of the view
    else:
        spacing = geometry.spacing_mm[0] if geometry.spacing_known else view.pixel_mm
        step = float(max(1, round(view.pixel_mm / spacing)))
        scaled = int(np.ceil(size / step))
    margin = (view.side - scaled) // 2
    coarse = view.side / side  # pixels of the view in a pixel of the map

    def place(pixel: float) -> float:
        return ((pixel + 0.5) * coarse - margin) * step - 0.5

    return place(0), coarse * step
