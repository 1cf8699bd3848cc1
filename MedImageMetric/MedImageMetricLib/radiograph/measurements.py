"""What each condition measures, as functions of the detections, with the geometry to draw.

Ratios are of pixels of the original grid, margins and offsets are shares of the picture's width
or height (source: chapter 1, conditions). A function gives `NotAssessable` when a detector is
absent or unsure; geometry is in continuous indices (i, j), centers of pixels at integers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from MedImageLib.results import Shape
from MedImageMetricLib.radiograph.detections import (
    LEAST_PROBABILITY,
    Box,
    Detections,
    NotAssessable,
    Region,
)

MOST_OUTLINE_POINTS = 240
ROWS_FOR_TILT = 20
SPINE_ENDS_SHARE = 0.1
# The center of the left lung lies higher: mean of 339 outlined chests of two sources is 2.5.
USUAL_INCLINE_DEG = 2.5


@dataclass(frozen=True)
class Measured:
    """A value with what it was measured on.

    is_lower_bound: a part was not assessable, the whole is at least the value. signed: the value
    with its direction, where it has one (positive: towards the picture's right).
    """

    value: float
    geometry: tuple[Shape, ...] = ()
    signed: float | None = None
    is_lower_bound: bool = False
    reason: str = ""


Measurement = Callable[[Detections, str, float], Measured | NotAssessable]


def measured(
    measurement: str, name: str, found: Detections, least_confidence: float
) -> Measured | NotAssessable:
    """Measure for the condition of that name. Raises KeyError for unknown measurements."""
    return MEASUREMENTS[measurement](found, name, least_confidence)


def _scapula_chest(found: Detections, name: str, least: float) -> Measured | NotAssessable:
    if isinstance(found.chest, NotAssessable):
        return found.chest
    return _scapula_share(found, least, None, found.chest)


def _scapula_lung(found: Detections, name: str, least: float) -> Measured | NotAssessable:
    lungs = found.lungs(least)
    return lungs if isinstance(lungs, NotAssessable) else _scapula_share(found, least, lungs, lungs)


def _scapula_lung_chest(found: Detections, name: str, least: float) -> Measured | NotAssessable:
    lungs = found.lungs(least)
    if isinstance(lungs, NotAssessable):
        return lungs
    if isinstance(found.chest, NotAssessable):
        return found.chest
    return _scapula_share(found, least, lungs, found.chest)


def _scapula_share(
    found: Detections, least: float, within: Region | None, whole: Region
) -> Measured | NotAssessable:
    """Pixels of both scapulae (inside `within`) over those of `whole`."""
    if not whole.area_px:
        return NotAssessable("the region that it is compared with is empty")
    part, missing, reasons, shapes = np.zeros(found.shape, bool), [], set(), []
    for side in ("right_scapula", "left_scapula"):
        one = found.region(side, least)
        if isinstance(one, NotAssessable):
            missing.append(f"{side.replace('_', ' ')}: {one.reason}")
            reasons.add(one.reason)
            continue
        if within is None and one.over_lungs:
            return NotAssessable("only the part of the scapulae over the lungs is looked for")
        mask = one.mask if within is None else one.mask & within.mask
        part |= mask
        shapes += outlines(Region(mask), side.replace("_", " "))
    if len(missing) == 2:
        return NotAssessable("; ".join(missing if len(reasons) > 1 else reasons))
    return Measured(
        float(np.count_nonzero(part)) / whole.area_px,
        tuple(shapes),
        is_lower_bound=bool(missing),
        reason="; ".join(missing),
    )


def _lung_margin(edge: str) -> Measurement:
    def measure(found: Detections, name: str, least: float) -> Measured | NotAssessable:
        lungs = found.lungs(least)
        if isinstance(lungs, NotAssessable):
            return lungs
        assert lungs.box is not None
        return lung_margin(lungs.box, found.shape, edge)

    return measure


def lung_margin(box: Box, shape: tuple[int, int], edge: str) -> Measured:
    """Free share between a box and an edge (upper, lower, right, left) of the picture."""
    rows, columns = shape
    (i, j), (width, height) = box.center_ij, (columns, rows)
    ends = {
        "upper": ((i, box.upper), (i, -0.5), height),
        "lower": ((i, box.lower), (i, rows - 0.5), height),
        "left": ((box.left, j), (-0.5, j), width),
        "right": ((box.right, j), (columns - 0.5, j), width),
    }
    start, end, size = ends[edge]
    distance = abs(end[0] - start[0]) + abs(end[1] - start[1])
    return Measured(
        distance / size,
        (
            box_shape(box, "lungs"),
            Shape("line", points_ijk=(start, end), label=f"{edge} margin"),
        ),
    )


def _foreign_confidence(found: Detections, name: str, least: float) -> Measured | NotAssessable:
    objects = found.foreign_objects
    if isinstance(objects, NotAssessable):
        return objects
    shapes = tuple(
        box_shape(one.box, f"{one.kind or 'foreign object'} {one.confidence:.2f}")
        for one in objects
        if one.confidence >= LEAST_PROBABILITY
    )
    return Measured(max((one.confidence for one in objects), default=0.0), shapes)


def _spine_offset(found: Detections, name: str, least: float) -> Measured | NotAssessable:
    spine = found.region("spine", least)
    if isinstance(spine, NotAssessable):
        return spine
    points = spine_center_line(spine.mask)
    if len(points) < 2:
        return NotAssessable("the spine was not found")
    rows, columns = found.shape
    middle = (columns - 1) / 2
    offset_px = float(np.mean(points[:, 0]) - middle)
    row = float(points[:, 1].mean())
    shown = points[np.unique(np.linspace(0, len(points) - 1, 41).round().astype(int))]
    shapes = (
        Shape("polyline", points_ijk=tuple(map(tuple, shown.tolist())), label="spine"),
        Shape("line", points_ijk=((middle, -0.5), (middle, rows - 0.5)), label="center line"),
        Shape("line", points_ijk=((middle, row), (middle + offset_px, row)), label="offset"),
    )
    return Measured(abs(offset_px) / columns, shapes, signed=offset_px / columns)


def spine_center_line(mask: np.ndarray) -> np.ndarray:
    """Middle of the spine in each of its rows: points (i, j), from top to bottom."""
    rows = np.flatnonzero(mask.any(1))
    columns = np.arange(mask.shape[1])
    part = mask[rows].astype(float)
    return np.column_stack([part @ columns / part.sum(1), rows]) if len(rows) else np.empty((0, 2))


def _tilt(found: Detections, name: str, least: float) -> Measured | NotAssessable:
    """Mean lean of the spine and of the line between the centers of both lungs.

    Either alone is misled: the spine by a curvature, the lungs by a raised diaphragm. Without a
    spine the lungs speak alone.
    """
    right, left = found.region("right_lung", least), found.region("left_lung", least)
    for lung in (right, left):
        if isinstance(lung, NotAssessable):
            return lung
    assert isinstance(right, Region)
    assert isinstance(left, Region)
    if right.position_ij is None or left.position_ij is None:
        return NotAssessable("a lung was not found")
    across, down = found.spacing_mm or (1.0, 1.0)
    run, rise = np.subtract(left.position_ij, right.position_ij) * (across, down)
    leans = [float(np.degrees(np.arctan2(-rise, run))) - USUAL_INCLINE_DEG]
    spine = found.region("spine", least)
    if isinstance(spine, Region):
        points = spine_center_line(spine.mask)
        # Ends of the region bend with its outline.
        end = round(len(points) * SPINE_ENDS_SHARE)
        points = points[end : len(points) - end]
        if len(points) >= ROWS_FOR_TILT:
            slope = np.polyfit(points[:, 1] * down, points[:, 0] * across, 1)[0]
            leans.append(float(np.degrees(np.arctan(slope))))
    signed = float(np.mean(leans))
    middle = np.add(right.position_ij, left.position_ij) / 2
    half = np.array([np.tan(np.radians(signed)) * down / across, 1.0]) * found.shape[0] / 4
    line = (tuple((middle - half).tolist()), tuple((middle + half).tolist()))
    return Measured(abs(signed), (Shape("line", points_ijk=line, label="midline"),), signed=signed)


def _field_used(found: Detections, name: str, least: float) -> Measured | NotAssessable:
    lungs = found.lungs(least)
    if isinstance(lungs, NotAssessable):
        return lungs
    if found.field is None:
        return NotAssessable("the exposed field was not determined")
    assert lungs.box is not None
    (width, height), (across, down) = lungs.box.size_px, found.field.size_px
    return Measured(width * height / (across * down), (box_shape(found.field, "exposed field"),))


def _view(found: Detections, name: str, least: float) -> Measured | NotAssessable:
    view = found.circumstances.view
    return Measured(float(view == "PA")) if view else NotAssessable("the view is not recorded")


def _position(found: Detections, name: str, least: float) -> Measured | NotAssessable:
    position = found.circumstances.position
    if not position:
        return NotAssessable("the position of the patient is not recorded")
    return Measured(float(position != "supine"))


def _observed(found: Detections, name: str, least: float) -> Measured | NotAssessable:
    value = found.observations.get(name, NotAssessable("no detector for it is installed"))
    return value if isinstance(value, NotAssessable) else Measured(float(value))


MEASUREMENTS: dict[str, Measurement] = {
    "scapula_chest_ratio": _scapula_chest,
    "scapula_lung_ratio": _scapula_lung,
    "scapula_lung_chest_ratio": _scapula_lung_chest,
    "lung_margin_upper": _lung_margin("upper"),
    "lung_margin_lower": _lung_margin("lower"),
    "lung_margin_right": _lung_margin("right"),
    "lung_margin_left": _lung_margin("left"),
    "foreign_object_confidence": _foreign_confidence,
    "spine_offset": _spine_offset,
    "tilt_deg": _tilt,
    "field_used": _field_used,
    "posteroanterior_view": _view,
    "upright_position": _position,
    "observed": _observed,
}


def outlines(region: Region, label: str) -> list[Shape]:
    """Outlines of a region as polygons, thinned to what a picture can show."""
    shapes = []
    for line in region.contours():
        points = line[:: -(-len(line) // MOST_OUTLINE_POINTS)]
        if len(points) >= 3:
            shapes.append(Shape("polygon", points_ijk=points, label=label))
    return shapes


def box_shape(box: Box, label: str) -> Shape:
    """A box between its upper left and lower right corner."""
    corners = ((box.left, box.upper), (box.right, box.lower))
    return Shape("box", points_ijk=corners, label=label)
