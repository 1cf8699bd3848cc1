"""Where the right ventricle meets the left one: the direction that the sectors start from.

Behind the septum lies blood, behind the free wall lung, fat or liver. Along every direction the
run of blood-bright tissue right behind the epicardium is measured, averaged over frames and
slices, and the arc of long runs is the septum; its two ends are the insertions. Which end is the
anterior one follows from the patient axes, or from the usual display where they are unknown.
Angles and `septum_turn` are those of `indices`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from CardiacLVLib.measures.contours import ANGLES, points_about
from CardiacLVLib.measures.indices import USUAL_TURN, VentricleOutline
from MedImageLib.errors import Remark

# From the apex to the base, and from the left ventricle to the right one (LPS).
BASE_LPS = np.array([-0.70, 0.55, 0.45])
_RIGHT_LPS = np.array([-0.78, -0.55, 0.30])
_MIN_TILT_COSINE = 0.75  # of the slice normal with the long axis, for the axes to be believed
_USUAL_SEPTUM_DEG = 200.0  # of the usual display: left and a little up
SEPTUM_DEG = 118.0
"""Usual angle between the insertions."""
_ARCS_DEG = range(84, 156, 2)
_ARC_SPREAD_DEG, _ARC_WEIGHT = 14.0, 0.2
_BLUR_DEG = 12.0
_AXES_WEIGHT, _DISPLAY_WEIGHT = 0.3, 0.05
_STEP_MM, _REACH_MM, _GAP_MM = 0.5, 25.0, 4.0
_FAT_MM, _FULL_MM = 4.0, 12.0  # a run of blood: none up to the one, certain from the other on
_FRAMES = 5
UNSURE_BELOW = 0.4
_LEAST_EVIDENCE = 0.12


@dataclass(frozen=True)
class Insertion:
    """Direction of the right ventricle's insertions, one for the whole cine.

    anterior_deg, inferior_deg: −180 … 180, from the cavity's centroid. septum_turn: −1 or +1,
    see `indices`. confidence: 0 … 1; how much the septum stands out among all directions.
    method: `image` (arc of right-ventricular blood), `patient axes`, `usual display` (nothing
    was known) or `given`. slice_anterior_deg: estimate of each slice on its own, to judge
    the one by; None where the slice shows too little.
    """

    anterior_deg: float
    inferior_deg: float
    septum_turn: int
    confidence: float
    method: str
    slice_anterior_deg: tuple[float | None, ...] = ()
    remarks: tuple[Remark, ...] = ()


def given_insertion(anterior_deg: float, septum_turn: int = USUAL_TURN) -> Insertion:
    """An insertion that a person has set."""
    return Insertion(
        wrapped(anterior_deg),
        wrapped(anterior_deg + septum_turn * SEPTUM_DEG),
        septum_turn,
        confidence=1.0,
        method="given",
    )


def find_insertion(
    images: np.ndarray,
    outlines: Sequence[Sequence[VentricleOutline | None]],
    direction: np.ndarray | None = None,
) -> Insertion:
    """Estimate the insertion of a cine.

    images: (frame, slice, j, i). outlines: per frame and slice, None without ventricle.
    direction: 3 × 3, columns are the LPS unit vectors of i, j, k; None where unknown. Axes
    that do not fit a short-axis plane are not believed.
    """
    turn, septum_deg, known = _expected(direction)
    runs = _runs_by_slice(images, outlines)
    seen = [np.mean(one, axis=0) for one in runs if one]
    if not seen or (profile := np.mean(seen, axis=0)).max() < _LEAST_EVIDENCE:
        return _without_image(turn, septum_deg, known, len(runs))
    weight = _AXES_WEIGHT if known else _DISPLAY_WEIGHT
    start, width = _arc(profile, septum_deg, weight)
    confidence = _contrast(profile, start, width)
    if known and confidence < UNSURE_BELOW:
        return _without_image(turn, septum_deg, known, len(runs))
    by_slice: list[float | None] = []
    for one in runs:
        own = np.mean(one, axis=0) if one else np.zeros(ANGLES)
        by_slice.append(None)
        if own.max() >= 2 * _LEAST_EVIDENCE:
            a, w = _arc(own, start + width / 2, _AXES_WEIGHT)
            by_slice[-1] = wrapped(a + w if turn < 0 else a)
    ends = (start + width, start) if turn < 0 else (start, start + width)
    remarks = []
    if confidence < UNSURE_BELOW:
        remarks.append(
            Remark(
                "insertion-unsure",
                f"The right ventricle stands out little (confidence {confidence:.2f}); check the "
                "anterior insertion, on which the regions of the wall depend.",
            )
        )
    if direction is None or not known:
        remarks.append(_DISPLAY_REMARK)
    return Insertion(
        wrapped(ends[0]),
        wrapped(ends[1]),
        turn,
        confidence,
        "image",
        tuple(by_slice),
        tuple(remarks),
    )


def wrapped(angle_deg: float) -> float:
    """The angle in [−180, 180)."""
    return float((angle_deg + 180) % 360 - 180)


def blood_runs_mm(
    image: np.ndarray, outline: VentricleOutline, reach_mm: float = _REACH_MM
) -> np.ndarray:
    """(360,) length of the blood-bright run that begins right behind the epicardium.

    image: (j, i). Bright is nearer to the cavity's blood than to the wall; a run must begin
    within 4 mm. Zero where it does not. The outline must have an epicardium.
    """
    assert outline.epicardium is not None
    inner, outer = outline.endocardium.radius_mm, outline.epicardium.radius_mm

    def sampled(radius_mm: np.ndarray) -> np.ndarray:
        angles = np.arange(ANGLES)[:, None]
        at = points_about(outline.endocardium.center_mm, angles, radius_mm) / outline.spacing_mm
        return ndimage.map_coordinates(
            image, (at[..., 1], at[..., 0]), np.float32, order=1, mode="nearest"
        )

    blood = float(np.median(sampled(inner[:, None] * np.linspace(0.1, 0.8, 6))))
    middle = sampled(inner[:, None] + (outer - inner)[:, None] * np.linspace(0.35, 0.65, 3))
    muscle = float(np.median(middle[outline.walled]))
    if blood <= muscle:
        return np.zeros(ANGLES)
    steps = np.arange(0, reach_mm, _STEP_MM)
    bright = sampled(outer[:, None] + steps) > 0.5 * (blood + muscle)
    # A dark voxel in between, as noise and trabeculae make, does not end a run.
    bright[:, 1:-1] |= bright[:, :-2] & bright[:, 2:]
    first = bright.argmax(axis=1)
    later = np.arange(len(steps)) > first[:, None]
    ends = later & ~bright
    last = np.where(ends.any(axis=1), ends.argmax(axis=1), len(steps))
    begins = bright.any(axis=1) & (first * _STEP_MM <= _GAP_MM)
    return np.where(begins, (last - first) * _STEP_MM, 0.0)


_DISPLAY_REMARK = Remark(
    "patient-axes-unknown",
    "The patient axes of the slices are unknown or fit no short axis; the anterior side was told "
    "from the usual display, seen from the apex.",
)


def _expected(direction: np.ndarray | None) -> tuple[int, float, bool]:
    """septum_turn, direction of the septum's middle, and whether the patient axes tell it."""
    if direction is not None:
        axes = np.asarray(direction, float)
        normal = np.cross(axes[:, 0], axes[:, 1])
        tilt = float(normal @ BASE_LPS / np.linalg.norm(BASE_LPS))
        if abs(tilt) >= _MIN_TILT_COSINE:
            toward = _RIGHT_LPS @ axes[:, :2]
            return (-1 if tilt > 0 else 1), float(np.rad2deg(np.arctan2(*toward[::-1]))), True
    return USUAL_TURN, _USUAL_SEPTUM_DEG, False


def _without_image(turn: int, septum_deg: float, known: bool, slices: int) -> Insertion:
    way = "the patient axes" if known else "the usual display"
    remark = Remark(
        "insertion-unsure",
        f"The right ventricle does not stand out; the anterior insertion was taken from {way}. "
        "Check it: the regions of the wall depend on it.",
    )
    return Insertion(
        wrapped(septum_deg - turn * SEPTUM_DEG / 2),
        wrapped(septum_deg + turn * SEPTUM_DEG / 2),
        turn,
        confidence=0.0,
        method=way.removeprefix("the "),
        slice_anterior_deg=(None,) * slices,
        remarks=(remark,) if known else (remark, _DISPLAY_REMARK),
    )


def _runs_by_slice(
    images: np.ndarray, outlines: Sequence[Sequence[VentricleOutline | None]]
) -> list[list[np.ndarray]]:
    """Per slice, evidence of blood (0 … 1, by degree) of some frames."""
    frames = np.unique(np.linspace(0, len(images) - 1, min(_FRAMES, len(images))).round())
    result: list[list[np.ndarray]] = [[] for _ in range(images.shape[1])]
    for frame in frames.astype(int):
        for number, outline in enumerate(outlines[frame]):
            if outline is not None and outline.epicardium is not None:
                run = blood_runs_mm(images[frame, number], outline)
                result[number].append(np.clip((run - _FAT_MM) / (_FULL_MM - _FAT_MM), 0, 1))
    return result


def _arc(profile: np.ndarray, expected_deg: float, weight: float) -> tuple[int, int]:
    """First degree and width of the arc that holds the evidence best."""
    # Blurred, so that an arc that is wider than the evidence is centered on it.
    profile = ndimage.gaussian_filter1d(profile, _BLUR_DEG, mode="wrap")
    top = max(float(np.sort(profile)[-60:].mean()), 1e-6)
    # An end lies where the evidence falls below a third of what the septum shows.
    total = np.concatenate([[0.0], np.cumsum(np.tile(profile / top - 0.3, 2))])
    best = (-np.inf, 0, 0)
    for width in _ARCS_DEG:
        held = (total[width : width + ANGLES] - total[:ANGLES]) / 60
        away = np.deg2rad(np.arange(ANGLES) + width / 2 - expected_deg)
        unusual = _ARC_WEIGHT * ((width - SEPTUM_DEG) / _ARC_SPREAD_DEG) ** 2 / 2
        score = held - unusual - weight * (1 - np.cos(away))
        first = int(score.argmax())
        best = max(best, (float(score[first]), first, width))
    return best[1], best[2]


def _contrast(profile: np.ndarray, start: int, width: int) -> float:
    """0 … 1: evidence inside of the arc against the strongest 60° outside of it."""
    turned = np.roll(profile, -start)
    inside = float(turned[:width].mean())
    outside = turned[width + 15 : ANGLES - 15]
    rival = max(float(outside[n : n + 60].mean()) for n in range(len(outside) - 60))
    return max(0.0, 1 - rival / inside) * min(1.0, inside / 0.3)
