"""Indices measured on the segmentation against those regressed by the ensemble.

Two ways to the same eleven numbers that fail differently: where they part by more than the
limits of validation, the frame is named with the index and both values, for a person to look at.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from CardiacLVLib.measures.indices import INDEX_NAMES
from MedImageLib.errors import GeometryError, Remark
from MedImageLib.settings import check_settings, setting

_ROBUST_SD = 1.4826  # standard deviation over median absolute deviation, of a normal law
_MIN_DIFFERENCES = 20


def _limit(default: tuple[float, float], unit: str) -> tuple[float, float]:
    return setting(default, help="Lowest and highest usual difference.", unit=unit)


@dataclass(frozen=True)
class IndexLimits:
    """Usual differences (lowest, highest) of regressed − measured, one pair per index.

    The defaults are robust 95 % limits of 654 labeled frames of 36 patients, both ways out of fold
    (Testing/Benchmarks/cine_cross_check.py); `limits_from` makes others of another validation.
    """

    cavity_area_mm2: tuple[float, float] = _limit((-250.0, 290.0), "mm2")
    myocardium_area_mm2: tuple[float, float] = _limit((-410.0, 370.0), "mm2")
    dim1_mm: tuple[float, float] = _limit((-3.6, 5.4), "mm")
    dim2_mm: tuple[float, float] = _limit((-4.4, 5.6), "mm")
    dim3_mm: tuple[float, float] = _limit((-4.4, 5.4), "mm")
    rwt1_mm: tuple[float, float] = _limit((-3.7, 3.0), "mm")
    rwt2_mm: tuple[float, float] = _limit((-3.3, 2.9), "mm")
    rwt3_mm: tuple[float, float] = _limit((-2.9, 3.1), "mm")
    rwt4_mm: tuple[float, float] = _limit((-2.8, 2.9), "mm")
    rwt5_mm: tuple[float, float] = _limit((-3.1, 2.9), "mm")
    rwt6_mm: tuple[float, float] = _limit((-3.4, 2.8), "mm")

    def __post_init__(self) -> None:
        check_settings(self)

    def table(self) -> np.ndarray:
        """(11, 2) lowest and highest in the order of INDEX_NAMES."""
        return np.array([getattr(self, one.name) for one in fields(self)])


@dataclass(frozen=True)
class IndexDisagreement:
    """One index of one picture on which both ways part.

    measured: from the segmentation. regressed: mean of the ensemble, spread: its standard
    deviation over the networks, None where not given. lowest, highest: limits of their
    difference. In the unit that the index's name ends with.
    """

    frame: int
    slice_number: int
    index: str
    measured: float
    regressed: float
    spread: float | None
    lowest: float
    highest: float

    @property
    def text(self) -> str:
        """One sentence for a person; frames and slices from 0, as in tables."""
        name, unit = self.index.rsplit("_", 1)
        spread = "" if self.spread is None else f" ± {self.spread:.1f}"
        return (
            f"Frame {self.frame}, slice {self.slice_number}: {name.replace('_', ' ')} measured "
            f"{self.measured:.1f} {unit}, regressed {self.regressed:.1f}{spread} {unit}; usual "
            f"differences are {self.lowest:.1f} to {self.highest:.1f}."
        )


@dataclass(frozen=True, eq=False)
class CrossCheck:
    """Differences of regressed − measured and what stands out.

    difference: (frame, slice, 11), NaN where one of both is not told. flagged: in the order
    of frames, slices and indices. compared: pictures with at least one index told by both.
    """

    difference: np.ndarray
    flagged: tuple[IndexDisagreement, ...]
    compared: int
    remarks: tuple[Remark, ...]

    def flagged_pictures(self) -> tuple[tuple[int, int], ...]:
        """(frame, slice) of all pictures with a flag, each once."""
        return tuple(dict.fromkeys((one.frame, one.slice_number) for one in self.flagged))


def cross_check(
    measured: np.ndarray,
    regressed: np.ndarray,
    spread: np.ndarray | None = None,
    limits: IndexLimits | None = None,
) -> CrossCheck:
    """Compare indices (frame, slice, 11) in the order of INDEX_NAMES; NaN where not told.

    spread: of the ensemble, same shape. Raises GeometryError when shapes differ.
    """
    limits = limits or IndexLimits()
    for array in (regressed, spread):
        if array is not None and np.shape(array) != np.shape(measured):
            raise GeometryError(
                f"Indices of shapes {np.shape(measured)} and {np.shape(array)}; both must be "
                f"(frame, slice, {len(INDEX_NAMES)})."
            )
    difference = np.asarray(regressed, float) - np.asarray(measured, float)
    low, high = limits.table().T
    # Not a number is never outside.
    outside = (difference < low) | (difference > high)
    flagged = tuple(
        IndexDisagreement(
            frame=int(frame),
            slice_number=int(number),
            index=INDEX_NAMES[index],
            measured=float(measured[frame, number, index]),
            regressed=float(regressed[frame, number, index]),
            spread=None if spread is None else float(spread[frame, number, index]),
            lowest=float(low[index]),
            highest=float(high[index]),
        )
        for frame, number, index in np.argwhere(outside)
    )
    compared = int(np.isfinite(difference).any(axis=-1).sum())
    remarks = []
    if flagged:
        pictures = len({(one.frame, one.slice_number) for one in flagged})
        remarks.append(
            Remark(
                "indices-disagree",
                f"On {pictures} of {compared} pictures segmentation and regression differ by more "
                "than usual; look at these first.",
            )
        )
    return CrossCheck(difference, flagged, compared, tuple(remarks))


def limits_from(differences: np.ndarray) -> IndexLimits:
    """Robust 95 % limits of differences (n, 11), regressed − measured, of a validation.

    Median ± 1.96 × 1.4826 × median absolute deviation of every index, NaN left out; an index
    with fewer than 20 differences keeps its default.
    """
    defaults = IndexLimits().table()
    limits = {}
    for number, name in enumerate(INDEX_NAMES):
        told = differences[:, number][np.isfinite(differences[:, number])]
        low, high = defaults[number]
        if len(told) >= _MIN_DIFFERENCES:
            middle = float(np.median(told))
            half = 1.96 * _ROBUST_SD * float(np.median(np.abs(told - middle)))
            low, high = middle - half, middle + half
        limits[name] = (float(low), float(high))
    return IndexLimits(**limits)
