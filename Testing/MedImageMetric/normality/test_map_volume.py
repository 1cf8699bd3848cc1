"""The anomaly map lies where the model saw the scan."""

from __future__ import annotations

import types

import numpy as np
import pytest

from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume
from MedImageMetricLib.normality.map_volume import anomaly_map
from MedImageMetricLib.normality.view import HEAD_NECK_CT, RADIOGRAPH, planes_of


@pytest.mark.parametrize(
    ("view", "shape", "spacing", "modality"),
    [
        (RADIOGRAPH, (1, 300, 400), (0.5, 0.7, 1.0), "DX"),
        (RADIOGRAPH, (1, 100, 60), (1.0, 1.0, 1.0), "DX"),
        (HEAD_NECK_CT, (5, 256, 256), (1.0, 1.0, 3.0), "CT"),
        (HEAD_NECK_CT, (5, 512, 512), (1.0, 1.0, 3.0), "CT"),
    ],
)
@pytest.mark.parametrize("coarse", [1, 4])
def test_a_bright_spot_is_at_the_same_place_on_the_map(view, shape, spacing, modality, coarse):
    slice_number, row, column = shape[0] - 1, shape[1] * 0.55, shape[2] * 0.45
    j, i = np.mgrid[: shape[1], : shape[2]]
    spot = np.exp(-((j - row) ** 2 + (i - column) ** 2) / (2 * (max(shape) / 25) ** 2))
    air = -1000 if modality == "CT" else 0
    array = np.full(shape, air, np.int16)
    array[slice_number] = (air + 1000 * spot).astype(np.int16)
    scan = Volume(array, Geometry(shape, spacing, (10.0, -20.0, 30.0)), modality=modality)
    planes, _ = planes_of(scan, view)
    seen = planes[[slice_number]]
    side = view.side // coarse
    residuals = seen.reshape(1, side, coarse, side, coarse).mean((2, 4))
    screening = types.SimpleNamespace(worst_slices=(slice_number,), residuals=-residuals)
    found = anomaly_map(scan, screening, view)
    assert found.array.min() >= 0
    weights = found.array.astype(float)
    places = np.argwhere(weights > 0)[:, ::-1]
    at = np.average(
        found.geometry.points_mm(places.astype(float)), axis=0, weights=weights[weights > 0]
    )
    expected = scan.geometry.points_mm(np.array([[column, row, float(slice_number)]]))[0]
    pixel_mm = max(found.geometry.spacing_mm[:2]) / coarse
    assert np.abs(at - expected).max() < 0.5 * pixel_mm
