"""Labels of a cine from probabilities, so that neighbors in time and along the ventricle agree.

A beat is cyclic and a ventricle one piece: probabilities are lightly smoothed over time, of two
cavities the one on the axis is kept, a plane that is empty between two others may answer with
less, and what appears alone is removed. Nothing is put where the network saw nothing, and
nothing beyond the outermost planes that showed a cavity by themselves. A cavity at the base that
fills while the ventricle empties is the atrium's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

CAVITY, MYOCARDIUM = 1, 2
NEIGHBOR_SHARE = 0.1
FEWEST_FRAMES_OF_A_BEAT = 8
FILLING_PROBABILITY = 0.2
NEAR_AXIS_MM = 20.0
FEWEST_PLANES_OF_A_STACK = 4
_BASE_WIDER = 1.15
_CLEARLY_FILLING = 1.05  # cavity at end systole over end diastole


@dataclass(frozen=True, eq=False)
class PlaneProbabilities:
    """What the network says of one plane in all frames.

    values: (frame, class, row, column), classes background, cavity, myocardium; float.
    axis_index: (row, column) of the ventricle's axis on this plane, in the same window.
    spacing_mm: of rows and of columns.
    """

    values: np.ndarray
    axis_index: tuple[float, float]
    spacing_mm: tuple[float, float]


def separate_labels(planes: Sequence[PlaneProbabilities]) -> list[np.ndarray]:
    """Every frame and plane on its own: the likeliest class, then one ventricle.

    Returns one uint8 array (frame, row, column) a plane.
    """
    return [
        np.stack([one_ventricle(likeliest) for likeliest in _likeliest(plane.values)])
        for plane in planes
    ]


def consistent_labels(planes: Sequence[PlaneProbabilities]) -> list[np.ndarray]:
    """Labels of a stack over a beat that agree with their neighbors; see the module.

    planes: in the order of the stack, with as many frames each. Returns one uint8 array
    (frame, row, column) a plane.
    """
    smooth = [_smoothed_over_time(plane.values) for plane in planes]
    labels = [
        np.stack([_on_axis(one, values, plane) for one, values in zip(raw, score, strict=True)])
        for plane, score, raw in zip(planes, smooth, map(_likeliest, smooth), strict=True)
    ]
    _fill_gaps(labels, smooth, planes)
    for remove in lonely(_shown(labels)):
        labels[remove[1]][remove[0]] = 0
    return labels


def one_ventricle(labels: np.ndarray) -> np.ndarray:
    """The largest part of the cavity, its holes filled, and the myocardium that touches it.

    labels: (row, column), 1 cavity, 2 myocardium.
    """
    parts, count = ndimage.label(labels == CAVITY)
    if not count:
        return np.zeros_like(labels)
    return _with_its_wall(labels, parts == 1 + int(np.bincount(parts.ravel())[1:].argmax()))


def gaps(shown: np.ndarray) -> np.ndarray:
    """(frame, plane) that are empty between two that show a cavity, along the stack or in time.

    shown: bool (frame, plane). Time is cyclic where there are frames enough for a beat. The
    outermost planes that show one in any frame bound the answer.
    """
    before = np.maximum.accumulate(shown, axis=1)
    after = np.maximum.accumulate(shown[:, ::-1], axis=1)[:, ::-1]
    between = before & after
    if len(shown) >= FEWEST_FRAMES_OF_A_BEAT:
        between |= np.roll(shown, 1, axis=0) & np.roll(shown, -1, axis=0)
    return between & ~shown


def lonely(shown: np.ndarray) -> list[tuple[int, int]]:
    """(frame, plane) that show a cavity which does not belong to the ventricle.

    Those apart from the longest run of planes by two and more empty ones, and at either end of
    it those of a single frame of a beat, before and after which the plane is empty.
    """
    found: list[tuple[int, int]] = []
    for frame, row in enumerate(shown):
        runs = _runs(row)
        longest = max(runs, key=len, default=range(0))
        for run in runs:
            if run.start >= longest.stop + 2 or run.stop <= longest.start - 2:
                found.extend((frame, plane) for plane in run)
    if len(shown) >= FEWEST_FRAMES_OF_A_BEAT:
        flash = shown & ~np.roll(shown, 1, axis=0) & ~np.roll(shown, -1, axis=0)
        for frame, plane in np.argwhere(flash):
            inside = shown[frame, :plane].any() and shown[frame, plane + 1 :].any()
            if not inside and (frame, plane) not in found:
                found.append((int(frame), int(plane)))
    return found


def planes_beyond_base(areas: np.ndarray) -> tuple[int, ...]:
    """Planes at the base whose cavity is no smaller at end systole than at end diastole.

    areas: (frame, plane), any unit. Systole is told by all planes together, the base by its
    wider cavities; of a beat, three frames about each moment count. A plane that clearly fills
    is the atrium's, and so is all beyond it. At most a third of the planes that show a cavity
    is named; none where the stack is short or its base is not clear.
    """
    shown = np.flatnonzero(areas.any(0))
    third = len(shown) // 3
    total = areas.sum(1)
    if len(shown) < FEWEST_PLANES_OF_A_STACK or total.max() <= total.min():
        return ()
    diastole, systole = areas[_about(total.argmax(), total)], areas[_about(total.argmin(), total)]
    full, empty = diastole.mean(0)[shown], systole.mean(0)[shown]
    ends = full[:third].mean(), full[-third:].mean()
    if max(ends) < _BASE_WIDER * min(ends):
        return ()
    from_base = np.arange(len(shown)) if ends[0] > ends[1] else np.arange(len(shown))[::-1]
    growth = (empty / np.maximum(full, 1e-9))[from_base[:third]]
    outside = int(np.argmax(growth < 1)) if (growth < 1).any() else third
    filling = np.flatnonzero(growth >= _CLEARLY_FILLING)
    beyond = max(outside, int(filling[-1]) + 1 if len(filling) else 0)
    return tuple(sorted(int(shown[n]) for n in from_base[:beyond]))


def _about(frame: np.integer, total: np.ndarray) -> list[int]:
    """A frame, and of a beat those before and after it."""
    if len(total) < FEWEST_FRAMES_OF_A_BEAT:
        return [int(frame)]
    return [int(frame + step) % len(total) for step in (-1, 0, 1)]


def _likeliest(values: np.ndarray) -> np.ndarray:
    return values.argmax(1).astype(np.uint8)


def _shown(labels: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack([(plane == CAVITY).any((1, 2)) for plane in labels], axis=1)


def _smoothed_over_time(values: np.ndarray) -> np.ndarray:
    if len(values) < FEWEST_FRAMES_OF_A_BEAT:
        return values
    around = np.roll(values, 1, axis=0) + np.roll(values, -1, axis=0)
    return (1 - 2 * NEIGHBOR_SHARE) * values + NEIGHBOR_SHARE * around


def _on_axis(labels: np.ndarray, values: np.ndarray, plane: PlaneProbabilities) -> np.ndarray:
    """The cavity with most probability near the axis, and its wall."""
    parts, count = ndimage.label(labels == CAVITY)
    if not count:
        return np.zeros_like(labels)
    if count == 1:
        return _with_its_wall(labels, parts == 1)
    near = np.exp(-0.5 * (_distance_mm(plane, labels.shape) / NEAR_AXIS_MM) ** 2)
    weight = ndimage.sum_labels(values[CAVITY] * near, parts, np.arange(1, count + 1))
    return _with_its_wall(labels, parts == 1 + int(np.argmax(weight)))


def _fill_gaps(
    labels: list[np.ndarray], smooth: Sequence[np.ndarray], planes: Sequence[PlaneProbabilities]
) -> None:
    """Let planes in gaps answer with less probability, if they do so near the axis."""
    for frame, number in np.argwhere(gaps(_shown(labels))):
        values, plane = smooth[number][frame], planes[number]
        likeliest = values.argmax(0).astype(np.uint8)
        fainter = np.where(values[CAVITY] > FILLING_PROBABILITY, CAVITY, likeliest)
        filled = _on_axis(fainter.astype(np.uint8), values, plane)
        cavity = filled == CAVITY
        if cavity.any() and _distance_mm(plane, cavity.shape)[cavity].min() <= NEAR_AXIS_MM:
            labels[number][frame] = filled


def _with_its_wall(labels: np.ndarray, cavity: np.ndarray) -> np.ndarray:
    cavity = ndimage.binary_fill_holes(cavity)
    walls, _ = ndimage.label((labels == MYOCARDIUM) & ~cavity)
    touching = np.unique(walls[ndimage.binary_dilation(cavity, iterations=2)])
    result = np.zeros_like(labels)
    result[np.isin(walls, touching[touching > 0])] = MYOCARDIUM
    result[cavity] = CAVITY
    return result


def _distance_mm(plane: PlaneProbabilities, shape: tuple[int, ...]) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(
        (rows - plane.axis_index[0]) * plane.spacing_mm[0],
        (columns - plane.axis_index[1]) * plane.spacing_mm[1],
    )


def _runs(row: np.ndarray) -> list[range]:
    """Runs of planes that show a cavity."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(int)))
    return [range(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
