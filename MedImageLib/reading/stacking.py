"""Parallel slices to one orthogonal grid: order along the normal, gaps, uneven steps, shear.

Pure geometry in LPS millimeters. Slices keep their planes wherever the steps are even; shear (a
tilted gantry) is undone in the plane alone, by linear interpolation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedImageLib.errors import GeometryError, Remark
from MedImageLib.geometry import Geometry

SAME_PLANE_MM = 0.01
_EVEN = 0.05
_SHEAR_PIXELS = 0.1


@dataclass(frozen=True, eq=False)
class StackPlan:
    """Where each of n slices goes on the grid.

    geometry: grid of the result. order: index of the input slices, rising along the normal.
    plane_of_slice: continuous k of the slices in that order. shift_pixels: (n, 2), where the
    first pixel of each slice lies on the grid, along i and j.
    added_planes: k of planes that no slice lies on. remarks: what had to be done.
    """

    geometry: Geometry
    order: tuple[int, ...]
    plane_of_slice: np.ndarray
    shift_pixels: np.ndarray
    added_planes: tuple[int, ...]
    remarks: tuple[Remark, ...]

    @property
    def is_resampled(self) -> bool:
        return bool(self.added_planes) or any(
            remark.code in ("gantry-tilt", "unequal-spacing") for remark in self.remarks
        )


def orthonormal_axes(orientation: tuple[float, ...]) -> np.ndarray:
    """3 × 3 with columns row direction, column direction, normal = row × column.

    Raises GeometryError when the two directions are not nearly perpendicular.
    """
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    normal = np.cross(row, column)
    if not np.all(np.isfinite(normal)) or np.linalg.norm(normal) < 0.9:
        raise GeometryError(f"Row and column directions are not perpendicular: {orientation}.")
    normal = normal / np.linalg.norm(normal)
    row = row / np.linalg.norm(row)
    return np.stack([row, np.cross(normal, row), normal], axis=1)


def distances_mm(positions_mm: np.ndarray, orientation: tuple[float, ...]) -> np.ndarray:
    """Distances of slice positions (n, 3) along the normal."""
    return np.asarray(positions_mm, float) @ orthonormal_axes(orientation)[:, 2]


def plan_stack(
    positions_mm: np.ndarray,
    orientation: tuple[float, ...],
    pixel_spacing_mm: tuple[float, float],
    rows_columns: tuple[int, int],
    thickness_mm: float | None,
    uneven_slices: str = "resample",
) -> StackPlan:
    """Grid for slices whose positions along the normal differ.

    positions_mm: (n, 3) LPS of first pixels. pixel_spacing_mm: between rows, between columns.
    thickness_mm: step where there is but one slice.
    Raises GeometryError when two slices share a plane, when the slices do not form a stack, or,
    with uneven_slices='refuse', when the steps are not even.
    """
    axes = orthonormal_axes(orientation)
    local = np.asarray(positions_mm, float) @ axes
    order = np.argsort(local[:, 2], kind="stable")
    local = local[order]
    step_ij = np.array([pixel_spacing_mm[1], pixel_spacing_mm[0]])
    lateral = (local[:, :2] - local[:, :2].min(axis=0)) / step_ij
    remarks: list[Remark] = []
    if lateral.max() <= _SHEAR_PIXELS:
        start_ij, lateral = local[0, :2], np.zeros_like(lateral)
    else:
        start_ij = local[:, :2].min(axis=0)
        remarks.append(_shear_remark(local))
    step, planes, added, uneven = _even_planes(local[:, 2], thickness_mm, uneven_slices)
    remarks.extend(uneven)
    extra = np.ceil(lateral.max(axis=0) - 1e-6).astype(int)
    rows, columns = rows_columns
    shape = (
        round(float(planes[-1])) + 1 if not uneven else int(np.floor(planes[-1] + 1e-3)) + 1,
        rows + int(extra[1]),
        columns + int(extra[0]),
    )
    origin = axes @ np.array([*start_ij, local[0, 2]])
    geometry = Geometry(
        shape=shape,
        spacing_mm=(step_ij[0], step_ij[1], step),
        origin_mm=(origin[0], origin[1], origin[2]),
        direction=tuple(tuple(row) for row in axes),
    )
    return StackPlan(geometry, tuple(map(int, order)), planes, lateral, added, tuple(remarks))


def fill_stack(plan: StackPlan, slices: np.ndarray) -> np.ndarray:
    """Slices (n, rows, columns) in input order on the grid of the plan, array (k, j, i).

    Values keep their type when no interpolation was needed, else float32. Places that no slice
    covers get the smallest value.
    """
    ordered = slices[list(plan.order)]
    if plan.shift_pixels.any():
        ordered = _unsheared(plan, ordered)
    count = plan.geometry.shape[0]
    nearest = np.rint(plan.plane_of_slice).astype(int)
    if len(ordered) == count and np.array_equal(nearest, np.arange(count)):
        return ordered
    result = np.empty(plan.geometry.shape, np.float32)
    for k in range(count):
        result[k] = _plane_at(ordered, plan.plane_of_slice, k)
    return result


def _shear_remark(local: np.ndarray) -> Remark:
    span = local[-1] - local[0]
    angle = np.degrees(np.arctan2(np.linalg.norm(span[:2]), abs(span[2])))
    return Remark(
        "gantry-tilt",
        f"The slices are shifted against each other in their plane (tilt {angle:.1f} degrees); "
        "they were resampled to an orthogonal grid.",
    )


def _even_planes(
    along_mm: np.ndarray, thickness_mm: float | None, uneven_slices: str
) -> tuple[float, np.ndarray, tuple[int, ...], tuple[Remark, ...]]:
    """Step, continuous plane of each slice, planes without a slice, remarks."""
    count = len(along_mm)
    if count == 1:
        if thickness_mm is not None:
            return thickness_mm, np.zeros(1), (), ()
        remark = Remark("slice-thickness-unknown", "One slice without a thickness: 1 mm assumed.")
        return 1.0, np.zeros(1), (), (remark,)
    steps = np.diff(along_mm)
    if steps.min() < SAME_PLANE_MM:
        raise GeometryError("Two slices lie in the same plane.")
    mean = float(along_mm[-1] - along_mm[0]) / (count - 1)
    if np.abs(along_mm - along_mm[0] - mean * np.arange(count)).max() <= _EVEN * mean:
        return mean, np.arange(count, dtype=float), (), ()
    base = _finest_repeated(steps)
    planes = (along_mm - along_mm[0]) / base
    remark = _uneven_remark(steps, base, along_mm)
    if uneven_slices == "refuse":
        raise GeometryError(f"{remark.text} Settings say to refuse such slices.")
    if planes[-1] + 1 > 4 * count + 8:
        raise GeometryError(
            f"{count} slices span {along_mm[-1] - along_mm[0]:.1f} mm with a step of {base:.2f} mm:"
            " most of the stack would be guessed; select the slices that belong together."
        )
    if remark.code == "missing-slices":
        planes = np.rint(planes)
    planes_present = {round(p) for p in planes if abs(p - round(p)) < _EVEN}
    last = int(np.floor(planes[-1] + 1e-3))
    added = tuple(k for k in range(last + 1) if k not in planes_present)
    return base, planes, added, (remark,)


def _finest_repeated(steps: np.ndarray) -> float:
    """The finest step that occurs at least three times or makes a third; else the finest."""
    for step in np.sort(steps):
        same = np.abs(steps - step) <= _EVEN * step
        if same.sum() >= min(3, max(len(steps) / 3, 1)):
            return float(np.median(steps[same]))
    return float(steps.min())


def _uneven_remark(steps: np.ndarray, base: float, along_mm: np.ndarray) -> Remark:
    multiples = np.rint(steps / base)
    whole = np.abs(steps - multiples * base) <= _EVEN * base
    wide = multiples > 1
    runs = np.convolve(wide.astype(int), np.ones(3, int), "valid") if len(wide) > 2 else np.zeros(1)
    if whole.all() and runs.max() < 3:
        gaps = ", ".join(
            f"{int(multiples[n]) - 1} between {along_mm[n]:.2f} and {along_mm[n + 1]:.2f} mm"
            for n in np.flatnonzero(wide)[:20]
        )
        missing = int((multiples - 1).sum())
        return Remark(
            "missing-slices",
            f"{missing} slices are missing ({gaps} along the normal); the gaps were kept and "
            "filled by linear interpolation.",
        )
    return Remark(
        "unequal-spacing",
        f"The distance of slices varies from {steps.min():.2f} to {steps.max():.2f} mm; they were "
        f"resampled to even steps of {base:.2f} mm.",
    )


def _unsheared(plan: StackPlan, ordered: np.ndarray) -> np.ndarray:
    """Slices on the wider grid, each shifted in its plane by linear interpolation."""
    from scipy import ndimage

    rows, columns = plan.geometry.shape[1:]
    outside = float(ordered.min())
    result = np.full((len(ordered), rows, columns), outside, np.float32)
    for n, (shift_i, shift_j) in enumerate(plan.shift_pixels):
        result[n, : ordered.shape[1], : ordered.shape[2]] = ordered[n]
        result[n] = ndimage.shift(
            result[n], (shift_j, shift_i), order=1, mode="grid-constant", cval=outside
        )
    return result


def _plane_at(ordered: np.ndarray, planes: np.ndarray, k: int) -> np.ndarray:
    above = int(np.searchsorted(planes, k))
    if above < len(planes) and abs(planes[above] - k) < 1e-6:
        return ordered[above]
    if above == 0:
        return ordered[0]
    if above == len(planes):
        return ordered[-1]
    weight = (k - planes[above - 1]) / (planes[above] - planes[above - 1])
    return (1 - weight) * ordered[above - 1].astype(np.float32) + weight * ordered[above]
