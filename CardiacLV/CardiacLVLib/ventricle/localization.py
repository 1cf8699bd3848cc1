"""Where the left ventricle lies on every plane of a cine, and how large a pixel is if unrecorded.

The far-view model sees fields of one size, whatever the field of view of the scan; planes support
one another by the ventricle's axis. Indices are (row, column), spacings (row, column) in mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CardiacLVLib.ventricle.ventricle_axis import VentricleAxis, plane_positions
from MedImageLib.network.framing import Frame, centered_frame
from MedImageLib.network.inference import InferenceSettings, frame_about, segment_planes
from MedImageLib.network.localization import plane_centers
from MedImageLib.network.model_store import Model

FIELD_MM = (300.0, 400.0)
USUAL_FIELD_MM = 340.0
FIELDS_TO_TRY_MM = (420.0, 340.0, 275.0, 220.0, 180.0, 145.0, 115.0, 90.0)
USUAL_CAVITY_MM = 45.0  # square root of the area of the largest cavity
_FRAMES_TO_LOOK_AT = 4
_PLANES_TO_LOOK_AT = 3
_SMALLEST_CAVITY_MM2 = 20.0


@dataclass(frozen=True, eq=False)
class Location:
    """centers: (plane, 2) index of the ventricle on each plane; axis: in millimeters."""

    centers: np.ndarray
    axis: VentricleAxis


def locate(
    far: Model,
    images: np.ndarray,
    spacing_mm: tuple[float, float],
    step_mm: float,
    settings: InferenceSettings | None = None,
) -> Location | None:
    """The ventricle on all planes of images (frame, plane, row, column); None when on none.

    step_mm: distance of planes. A few frames are enough: the heart does not wander in a beat.
    """
    frames, planes = images.shape[:2]
    chosen = np.unique(np.arange(_FRAMES_TO_LOOK_AT) * frames // _FRAMES_TO_LOOK_AT)
    keys = [(f, p) for f in chosen for p in range(planes) if shows(images[f, p])]
    view = _far_frame(images.shape[2:], spacing_mm, far)
    found = plane_centers(
        far.network,
        far.card.framing,
        [images[key] for key in keys],
        settings,
        far.card.percent,
        [view] * len(keys),
    )
    pixel_mm2 = spacing_mm[0] * spacing_mm[1]
    seen = [
        (plane, center)
        for (_, plane), center in zip(keys, found, strict=True)
        if center.index is not None and center.area_px * pixel_mm2 >= _SMALLEST_CAVITY_MM2
    ]
    if not seen:
        return None
    positions, axis = plane_positions(
        np.array([center.index for _, center in seen]) * spacing_mm,
        np.array([plane * step_mm for plane, _ in seen], float),
        np.array([center.area_px for _, center in seen], float),
        np.arange(planes) * step_mm,
    )
    last = np.array(images.shape[2:]) - 1.0
    return Location(np.clip(positions / spacing_mm, 0.0, last), axis)


def estimated_pixel_mm(
    far: Model, near: Model, images: np.ndarray, settings: InferenceSettings | None = None
) -> float:
    """Side of a pixel of images (frame, plane, row, column) whose spacing is not recorded.

    Several fields of view are tried on middle planes; the one is taken in which the cavity that
    the near-view model finds has the usual size, usual fields being preferred a little.
    """
    planes, shape = images.shape[1], images.shape[2:]
    chosen = np.unique(np.linspace(0, planes - 1, _PLANES_TO_LOOK_AT + 2)[1:-1].round().astype(int))
    pictures = [images[frame, p] for p in chosen for frame in (0, len(images) // 2)]
    pictures = [picture for picture in pictures if shows(picture)]
    usual = USUAL_FIELD_MM / max(shape)
    best, least = usual, np.inf
    for field_mm in FIELDS_TO_TRY_MM:
        pixel_mm = field_mm / max(shape)
        size_mm = _cavity_size_mm(far, near, pictures, (pixel_mm, pixel_mm), settings)
        if size_mm <= 0:
            continue
        surprise = abs(np.log(size_mm / USUAL_CAVITY_MM)) + 0.3 * abs(np.log(pixel_mm / usual))
        if surprise < least:
            best, least = pixel_mm, surprise
    return best


def shows(plane: np.ndarray) -> bool:
    """False for planes of one gray value."""
    return bool(plane.max() > plane.min())


def _far_frame(shape: tuple[int, ...], spacing_mm: tuple[float, float], far: Model) -> Frame:
    """The middle of the image in a field of a size that the model learned."""
    size = far.card.framing.size
    field_mm = np.clip(max(n * s for n, s in zip(shape, spacing_mm, strict=True)), *FIELD_MM)
    pixel_mm = field_mm / max(size)
    middle = [(n - 1) / 2 for n in shape]
    return centered_frame(middle, [pixel_mm / s for s in spacing_mm], size)


def _cavity_size_mm(
    far: Model,
    near: Model,
    pictures: list[np.ndarray],
    spacing_mm: tuple[float, float],
    settings: InferenceSettings | None,
) -> float:
    """Square root of the cavity's area, mean over pictures of the larger half; 0 when none."""
    view = _far_frame(pictures[0].shape, spacing_mm, far)
    found = plane_centers(
        far.network, far.card.framing, pictures, settings, far.card.percent, [view] * len(pictures)
    )
    pairs = [(p, c.index) for p, c in zip(pictures, found, strict=True) if c.index is not None]
    if not pairs:
        return 0.0
    segmented = segment_planes(
        near.network,
        [picture for picture, _ in pairs],
        [frame_about(index, spacing_mm, near.card.framing) for _, index in pairs],
        settings,
        near.card.percent,
    )
    sides = np.sort([np.sqrt((one.labels == 1).sum()) for one in segmented]) * spacing_mm[0]
    return float(sides[len(sides) // 2 :].mean())
