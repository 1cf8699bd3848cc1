"""Surfaces of contours for the 3-D view: closed, smoothed, few enough triangles for a browser."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from AutoContourLib.contours.contour_reading import whole_mask
from MedImageLib.background.progress import tell
from MedImageLib.volume import Volume

_MOST_VOXELS = 4_000_000
_MOST_TRIANGLES = 12_000
_ALIGNMENT = 4


@dataclass(frozen=True, eq=False)
class Surface:
    """points_mm: (n, 3) float32, LPS. normals: (n, 3) float32. triangles: (m, 3) uint32."""

    key: str
    points_mm: np.ndarray
    normals: np.ndarray
    triangles: np.ndarray


def surfaces_of(labels: Volume, keys: Mapping[int, str]) -> tuple[Surface, ...]:
    """The surface of every structure that has voxels; large label maps are thinned first."""
    thinned = _thinned(labels)
    found = []
    for number, key in enumerate(keys.values()):
        tell(number / len(keys), key)
        mask = whole_mask(thinned.array, key, dict(keys))
        if mask.any():
            found.append(_surface(key, mask, thinned))
    return tuple(found)


def surfaces_as_bytes(surfaces: tuple[Surface, ...]) -> bytes:
    """Length of the table (uint32), the table as JSON, then points, normals and triangles of each
    surface one after the other, all little endian."""
    table = [
        {"key": one.key, "points": len(one.points_mm), "triangles": len(one.triangles)}
        for one in surfaces
    ]
    text = json.dumps(table).encode()
    text += b" " * (-(len(text)) % _ALIGNMENT)
    parts = [struct.pack("<I", len(text)), text]
    for one in surfaces:
        parts += [
            one.points_mm.astype("<f4").tobytes(),
            one.normals.astype("<f4").tobytes(),
            one.triangles.astype("<u4").tobytes(),
        ]
    return b"".join(parts)


def _thinned(labels: Volume) -> Volume:
    """Every second, third, … voxel along the finest axes, so that few enough are left."""
    from dataclasses import replace

    steps, spacing = np.ones(3, int), np.array(labels.geometry.spacing_mm[::-1])
    shape = np.array(labels.array.shape)
    while np.prod(-(-shape // steps)) > _MOST_VOXELS:
        steps[int((spacing * steps).argmin())] += 1
    array = labels.array[:: steps[0], :: steps[1], :: steps[2]]
    geometry = replace(
        labels.geometry, shape=array.shape, spacing_mm=tuple((spacing * steps)[::-1].tolist())
    )
    return replace(labels, array=np.ascontiguousarray(array), geometry=geometry)


def _surface(key: str, mask: np.ndarray, grid: Volume) -> Surface:
    """By marching cubes on the mask softened by one voxel, which leaves no terraces."""
    from scipy import ndimage
    from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D, vtkQuadricDecimation

    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    cut = np.pad(mask[box].astype(np.float32), 3)
    soft = ndimage.gaussian_filter(cut, 0.8)
    image = vtkImageData()
    image.SetDimensions(*soft.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(soft.ravel(), deep=True))
    flow: Any = vtkFlyingEdges3D()
    flow.SetInputData(image)
    flow.SetValue(0, 0.5)
    flow.Update()
    if flow.GetOutput().GetNumberOfPolys() == 0:  # too thin for the softening
        image.GetPointData().SetScalars(numpy_to_vtk(cut.ravel(), deep=True))
        image.Modified()
        flow.Update()
    count = flow.GetOutput().GetNumberOfPolys()
    if count > _MOST_TRIANGLES:
        fewer = vtkQuadricDecimation()
        fewer.SetInputConnection(flow.GetOutputPort())
        fewer.SetTargetReduction(1 - _MOST_TRIANGLES / count)
        flow = fewer
    flow.Update()
    mesh = flow.GetOutput()
    points = vtk_to_numpy(mesh.GetPoints().GetData())
    triangles = vtk_to_numpy(mesh.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    start = np.array([part.start for part in box][::-1]) - 3
    placed = grid.geometry.points_mm(points + start)
    return Surface(key, placed.astype(np.float32), _normals(placed, triangles), triangles)


def _normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Outward normals of the corners: means over their triangles, weighted by area."""
    corners = points[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], across)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return (normals / np.maximum(lengths, 1e-12)).astype(np.float32)
