"""The eleven indices of the left ventricle on one short-axis picture (CN 109003270 A).

Cavity and myocardium area, three cavity dimensions and six wall thicknesses at 60° steps, from
the sub-pixel contours of a label map or of soft maps. Papillary muscles count as the label map
counts them: as cavity, where they are drawn so.

Angles are degrees from the image's column axis (+i) towards its row axis (+j), measured in
millimeters around the centroid of the cavity. `septum_turn` tells to which side of the anterior
insertion the septum lies: −1 towards falling angles (the usual display, seen from the apex, with
the septum at the left and the anterior wall above), +1 towards rising angles. Sectors of 60°
begin at the anterior insertion and follow the septum: AS, IS, I, IL, AL, A, their middles at 30°,
90°, 150°, 210°, 270°, 330°. The insertion thus parts A from AS, as in the AHA's model (Cerqueira
et al. 2002), and IS–AL runs at right angles to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from CardiacLVLib.measures.contours import (
    ANGLES,
    RadialContour,
    centroid_mm,
    fit_contour,
    points_about,
)

CAVITY, MYOCARDIUM = 1, 2
DIMENSIONS = ("IS-AL", "I-A", "IL-AS")
REGIONS = ("IS", "I", "IL", "AL", "A", "AS")
"""Order of the wall thicknesses."""
INDEX_NAMES = (
    "cavity_area_mm2",
    "myocardium_area_mm2",
    *(f"dim{n}_mm" for n in (1, 2, 3)),
    *(f"rwt{n}_mm" for n in (1, 2, 3, 4, 5, 6)),
)
USUAL_TURN = -1
_MIDDLE_DEG = {"AS": 30.0, "IS": 90.0, "I": 150.0, "IL": 210.0, "AL": 270.0, "A": 330.0}
_MIN_WALLED_SHARE = 0.8  # of a sector, for its thickness to be told
_MIN_WALL_DEG = 60  # of the turn, for an epicardium to be led along it


@dataclass(frozen=True)
class Indices:
    """Eleven indices of one picture.

    myocardium_area_mm2: None where no wall was drawn. dimensions_mm: along IS-AL, I-A, IL-AS
    through the cavity's centroid. thickness_mm: of IS, I, IL, AL, A, AS, the mean over the
    sector of the radial distance from endocardium to epicardium; None where the wall is open.
    """

    cavity_area_mm2: float
    myocardium_area_mm2: float | None
    dimensions_mm: tuple[float, float, float]
    thickness_mm: tuple[float | None, ...]

    def vector(self) -> np.ndarray:
        """The eleven numbers in the order of INDEX_NAMES; NaN for None."""
        values = (
            self.cavity_area_mm2,
            self.myocardium_area_mm2,
            *self.dimensions_mm,
            *self.thickness_mm,
        )
        return np.array([np.nan if value is None else value for value in values])


@dataclass(frozen=True, eq=False)
class VentricleOutline:
    """Contours of cavity and outer wall around the cavity's centroid.

    epicardium: None where there is no wall. walled: (360,) bool, degrees at which a wall is
    drawn. myocardium_area_mm2: None where no wall was drawn. spacing_mm: along (i, j).
    """

    endocardium: RadialContour
    epicardium: RadialContour | None
    walled: np.ndarray
    myocardium_area_mm2: float | None
    spacing_mm: tuple[float, float]


@dataclass(frozen=True, eq=False)
class OutlineDrawing:
    """What to draw over a picture; points (n, 2) are continuous pixels (i, j).

    endocardium, epicardium: closed polylines (epicardium with NaN where there is no wall; None
    without wall). dimensions: three lines of two points, in the order of DIMENSIONS. borders:
    six lines from endocardium to epicardium between the sectors, the first at the insertion.
    region_places: region → (i, j) in the middle of its wall, for its name.
    """

    center: np.ndarray
    endocardium: np.ndarray
    epicardium: np.ndarray | None
    dimensions: tuple[np.ndarray, np.ndarray, np.ndarray]
    borders: tuple[np.ndarray, ...]
    region_places: dict[str, np.ndarray]


def measure_indices(
    labels: np.ndarray,
    spacing_mm: tuple[float, float],
    insertion_deg: float,
    septum_turn: int = USUAL_TURN,
) -> Indices | None:
    """Indices of a label map (j, i): 1 cavity, 2 myocardium; None where there is no cavity.

    spacing_mm: along (i, j). insertion_deg, septum_turn: see the module.

    >>> j, i = np.mgrid[:64, :64]
    >>> distance = np.hypot(i - 32, j - 32)
    >>> ring = np.where(distance < 12, CAVITY, np.where(distance < 20, MYOCARDIUM, 0))
    >>> found = measure_indices(ring, (1.0, 1.0), insertion_deg=-120)
    >>> [round(value) for value in (*found.dimensions_mm, *found.thickness_mm)]
    [24, 24, 24, 8, 8, 8, 8, 8, 8]
    """
    outline = outline_ventricle(labels, spacing_mm)
    return None if outline is None else indices_of(outline, insertion_deg, septum_turn)


def outline_ventricle(
    labels: np.ndarray, spacing_mm: tuple[float, float]
) -> VentricleOutline | None:
    """Contours of the largest cavity of a label map and of the wall about it, or None.

    Other values than 1 and 2 are background. spacing_mm: along (i, j).
    """
    cavity = _largest(labels == CAVITY)
    if not cavity.any():
        return None
    return _outlined(cavity, (labels == MYOCARDIUM) & ~cavity, None, spacing_mm)


def outline_soft(
    cavity: np.ndarray, myocardium: np.ndarray, spacing_mm: tuple[float, float]
) -> VentricleOutline | None:
    """Contours of soft maps (j, i), 0 … 1, as of a network or of partial volumes.

    A pixel belongs to what is above one half of it; None where no pixel is cavity.
    """
    inside = _largest(cavity > 0.5)
    if not inside.any():
        return None
    both = np.clip(cavity + myocardium, 0, 1)
    return _outlined(inside, (both > 0.5) & ~inside, (cavity, both), spacing_mm)


def indices_of(
    outline: VentricleOutline, insertion_deg: float, septum_turn: int = USUAL_TURN
) -> Indices:
    """Indices of contours; another insertion needs no new contours."""
    inner = outline.endocardium
    along = [region_deg(name.split("-")[0], insertion_deg, septum_turn) for name in DIMENSIONS]
    first, second, third = (float(inner.radius_at(a) + inner.radius_at(a + 180)) for a in along)
    middles = [region_deg(region, insertion_deg, septum_turn) for region in REGIONS]
    return Indices(
        cavity_area_mm2=inner.area_mm2,
        myocardium_area_mm2=outline.myocardium_area_mm2,
        dimensions_mm=(first, second, third),
        thickness_mm=tuple(sector_thickness_mm(outline, a, 30.0) for a in middles),
    )


def sector_thickness_mm(
    outline: VentricleOutline, middle_deg: float, half_width_deg: float
) -> float | None:
    """Mean radial wall thickness of a sector; None where a fifth of it or more is open."""
    if outline.epicardium is None:
        return None
    away = np.abs((np.arange(ANGLES) - middle_deg + 180) % 360 - 180)
    # Degrees at the border of the sector count by the part that lies inside.
    inside = np.clip(half_width_deg + 0.5 - away, 0, 1)
    walled = inside * outline.walled
    if walled.sum() < _MIN_WALLED_SHARE * inside.sum():
        return None
    wall = outline.epicardium.radius_mm - outline.endocardium.radius_mm
    return float(np.average(wall, weights=walled))


def region_deg(region: str, insertion_deg: float, septum_turn: int = USUAL_TURN) -> float:
    """Direction of the middle of a region (IS, I, IL, AL, A, AS), in degrees."""
    return insertion_deg + septum_turn * _MIDDLE_DEG[region]


def draw_outline(
    outline: VentricleOutline, insertion_deg: float, septum_turn: int = USUAL_TURN
) -> OutlineDrawing:
    """Lines to draw over the picture, in continuous pixels (i, j)."""
    inner, outer, center = outline.endocardium, outline.epicardium, outline.endocardium.center_mm
    spacing = np.array(outline.spacing_mm)
    end = inner if outer is None else outer

    def line(*ends: tuple[float, RadialContour]) -> np.ndarray:
        angles = np.array([angle for angle, _ in ends])
        radii = np.array([float(contour.radius_at(angle)) for angle, contour in ends])
        return points_about(center, angles, radii) / spacing

    dims = [region_deg(name.split("-")[0], insertion_deg, septum_turn) for name in DIMENSIONS]
    borders = [insertion_deg + septum_turn * 60.0 * n for n in range(6)]
    middles = {name: region_deg(name, insertion_deg, septum_turn) for name in REGIONS}
    first, second, third = (line((a, inner), (a + 180, inner)) for a in dims)
    closed = np.append(np.arange(ANGLES), 0)
    epicardium = None
    if outer is not None:
        epicardium = (outer.points_mm() / spacing)[closed]
        epicardium[~outline.walled[closed]] = np.nan
    return OutlineDrawing(
        center=np.array(center) / spacing,
        endocardium=(inner.points_mm() / spacing)[closed],
        epicardium=epicardium,
        dimensions=(first, second, third),
        borders=tuple(line((a, inner), (a, end)) for a in borders),
        region_places={
            name: line((a, inner), (a, end)).mean(axis=0) for name, a in middles.items()
        },
    )


def _outlined(
    cavity: np.ndarray,
    wall: np.ndarray,
    soft: tuple[np.ndarray, np.ndarray] | None,
    spacing_mm: tuple[float, float],
) -> VentricleOutline:
    """Contours of bool maps; soft: maps of the cavity and of the whole ventricle, if known."""
    window = _window(cavity | wall)
    cavity = ndimage.binary_fill_holes(cavity[window])
    heart = _largest(ndimage.binary_fill_holes(cavity | wall[window]), touching=cavity)
    corner = np.array([window[1].start, window[0].start]) * np.array(spacing_mm)
    center = centroid_mm(cavity, spacing_mm)
    walled = _walled(heart & ~cavity, spacing_mm, center)
    inner_map, outer_map = cavity, heart
    if soft is not None:
        # Outside of the window of a part nothing of other parts may be met.
        inner_map = np.where(ndimage.binary_dilation(cavity), soft[0][window], 0.0)
        inner_map[ndimage.binary_erosion(cavity)] = 1.0
        outer_map = np.where(ndimage.binary_dilation(heart), soft[1][window], 0.0)
        outer_map[ndimage.binary_erosion(heart)] = 1.0
    inner = fit_contour(inner_map, spacing_mm, center)
    outer, area = None, None
    if walled.sum() >= _MIN_WALL_DEG:
        closed = bool(walled.all())
        # At the ends of a gap the border steps inwards; it is not believed near them.
        seen = None if closed else ~ndimage.binary_dilation(~np.tile(walled, 3), iterations=4)
        outer = fit_contour(
            outer_map, spacing_mm, center, None if seen is None else seen[ANGLES : 2 * ANGLES]
        )
        ring = (outer.radius_mm**2 - inner.radius_mm**2)[walled].sum() * np.pi / ANGLES
        area = outer.area_mm2 - inner.area_mm2 if closed else float(ring)
    elif (heart & ~cavity).any():
        area = float((heart & ~cavity).sum()) * spacing_mm[0] * spacing_mm[1]
    return VentricleOutline(
        _moved(inner, corner),
        None if outer is None else _moved(outer, corner),
        walled,
        area,
        spacing_mm,
    )


def _walled(
    wall: np.ndarray,
    spacing_mm: tuple[float, float],
    center_mm: tuple[float, float],
) -> np.ndarray:
    """(360,) bool: the ray from the center meets the wall behind the cavity."""
    if not wall.any():
        return np.zeros(ANGLES, bool)
    step = 0.5 * min(spacing_mm)
    place = np.argwhere(wall)[:, ::-1] * np.array(spacing_mm) - center_mm
    reach = float(np.sqrt((place**2).sum(axis=1).max())) + step
    rays = points_about(center_mm, np.arange(ANGLES)[:, None], np.arange(0, reach, step)[None])
    at = np.round(rays / spacing_mm).astype(int)
    inside = ((at >= 0) & (at < np.array(wall.shape[::-1]))).all(axis=-1)
    i, j = (np.where(inside, at[..., axis], 0) for axis in (0, 1))
    # One stray pixel is no wall: the ray must run through it for a pixel's width or more.
    return (wall[j, i] & inside).sum(axis=1) * step >= min(spacing_mm)


def _largest(mask: np.ndarray, touching: np.ndarray | None = None) -> np.ndarray:
    """The largest part of a bool map, or the part that holds most of another."""
    parts, count = ndimage.label(mask)
    if count <= 1:
        return mask
    chosen = parts.ravel() if touching is None else parts[touching]
    return parts == 1 + int(np.bincount(chosen, minlength=count + 1)[1:].argmax())


def _window(mask: np.ndarray) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(int(rows[0]) - 2, 0), int(rows[-1]) + 3),
        slice(max(int(columns[0]) - 2, 0), int(columns[-1]) + 3),
    )


def _moved(contour: RadialContour, by_mm: np.ndarray) -> RadialContour:
    center = (contour.center_mm[0] + float(by_mm[0]), contour.center_mm[1] + float(by_mm[1]))
    return RadialContour(center, contour.radius_mm, contour.area_mm2, contour.smooth)
