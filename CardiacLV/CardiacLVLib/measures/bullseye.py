"""Wall thickness and thickening in the 17 segments of the AHA's model (Cerqueira et al. 2002).

Slices with cavity and wall at end diastole are split in basal, middle and apical thirds; basal
and middle ones have six sectors of 60°, apical ones four of 90°. Segment 17, the apex, lies on
no short-axis slice and stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from CardiacLVLib.measures.indices import VentricleOutline, region_deg, sector_thickness_mm
from CardiacLVLib.measures.insertion import BASE_LPS, Insertion

SEGMENTS = 17
LEVELS = ("basal", "middle", "apical")
_SIX = ("A", "AS", "IS", "I", "IL", "AL")
# Middles of the four apical sectors from the insertion along the septum: the anterior and the
# inferior one keep the directions that they have among six.
_FOUR_DEG = {"A": 330.0, "S": 60.0, "I": 150.0, "L": 240.0}


@dataclass(frozen=True)
class BullsEye:
    """Per segment 1 … 17 (index 0 … 16), None where nothing was measured.

    thickness_ed_mm, thickness_es_mm: mean of the level's slices. thickening_percent: of the
    thickness at end diastole. level_by_slice: `basal`, `middle`, `apical` or None.
    """

    thickness_ed_mm: tuple[float | None, ...]
    thickness_es_mm: tuple[float | None, ...]
    thickening_percent: tuple[float | None, ...]
    level_by_slice: tuple[str | None, ...]


def bulls_eye(
    ed: Sequence[VentricleOutline | None],
    es: Sequence[VentricleOutline | None],
    insertion: Insertion,
    base_first: bool,
) -> BullsEye:
    """Segments of the outlines of all slices at end diastole and end systole.

    base_first: whether slice 0 is the one nearest to the base.
    """
    levels = _levels(ed, base_first)
    at_ed, at_es = (_segments(one, levels, insertion) for one in (ed, es))
    return BullsEye(
        at_ed,
        at_es,
        tuple(
            None if a is None or b is None else 100 * (b - a) / a
            for a, b in zip(at_ed, at_es, strict=True)
        ),
        levels,
    )


def base_is_first(cavity_area_mm2: np.ndarray, direction: np.ndarray | None = None) -> bool:
    """Whether slice 0 lies at the base.

    cavity_area_mm2: (slice,) at end diastole. direction: 3 × 3 LPS columns of i, j, k; where it
    is unknown or k does not run along the heart, the end with the larger cavity is the base.
    """
    if direction is not None:
        toward_base = float(np.asarray(direction, float)[:, 2] @ BASE_LPS)
        if abs(toward_base) > 0.5:
            return toward_base < 0
    there = np.asarray(cavity_area_mm2, float)
    there = there[there > 0]
    half = len(there) // 2
    return half == 0 or bool(there[:half].sum() >= there[len(there) - half :].sum())


def _levels(ed: Sequence[VentricleOutline | None], base_first: bool) -> tuple[str | None, ...]:
    walled = [n for n, one in enumerate(ed) if one is not None and one.epicardium is not None]
    if not base_first:
        walled.reverse()
    levels: list[str | None] = [None] * len(ed)
    if len(walled) == 1:
        levels[walled[0]] = "middle"
    elif walled:
        for level, numbers in zip(LEVELS, np.array_split(walled, len(LEVELS)), strict=True):
            for number in numbers:
                levels[number] = level
    return tuple(levels)


def _segments(
    outlines: Sequence[VentricleOutline | None],
    levels: Sequence[str | None],
    insertion: Insertion,
) -> tuple[float | None, ...]:
    start, turn = insertion.anterior_deg, insertion.septum_turn
    six = [(region_deg(name, start, turn), 30.0) for name in _SIX]
    four = [(start + turn * angle, 45.0) for angle in _FOUR_DEG.values()]
    values: list[float | None] = []
    for level in LEVELS:
        chosen = [
            one
            for one, own in zip(outlines, levels, strict=True)
            if own == level and one is not None
        ]
        for middle, half in four if level == "apical" else six:
            told = [sector_thickness_mm(one, middle, half) for one in chosen]
            known = [value for value in told if value is not None]
            values.append(float(np.mean(known)) if known else None)
    return (*values, None)
