"""What a segmented ventricle says about whether the images are a short-axis cine.

Across the short axis the cavity is round, inside a closed wall, at one place from plane to plane,
and it beats. Clear contradictions are refused; doubtful ones are processed, and a remark says
what is unusual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from CardiacLVLib.cine.short_axis import NotShortAxisCineError
from CardiacLVLib.ventricle.consistency import CAVITY, MYOCARDIUM
from CardiacLVLib.ventricle.ventricle_axis import fit_axis
from MedImageLib.errors import Remark
from MedImageLib.volume import VolumeSequence

# From the apex to the base of an ordinary heart: backward, up and to the right (LPS).
_USUAL_AXIS = np.array([-0.65, 0.64, 0.41]) / np.linalg.norm([-0.65, 0.64, 0.41])
_NEARER_ALONG_DEG = 45.0


@dataclass(frozen=True)
class Evidence:
    """What was found on a cine, in numbers.

    shown_share: of the planes, those that show a cavity in any frame.
    wall_share: share of the cavity's border that lies on myocardium.
    roundness: ratio of the cavity's short to its long diameter, by second moments.
    confidence: mean probability inside the cavity.
    contrast: blood minus wall, over the range of gray values.
    off_axis_mm: distance of the cavity from a line through the stack.
    diameter_mm: of a circle as large as the largest cavity.
    beat: 1 − smallest / largest cavity volume over the frames.
    moved: where the cavity lies, change of gray values over the frames, over their range.
    All but shown_share, diameter and beat are medians over frames and planes that show a cavity.
    """

    shown_share: float
    wall_share: float = 0.0
    roundness: float = 0.0
    confidence: float = 0.0
    contrast: float = 0.0
    off_axis_mm: float = 0.0
    diameter_mm: float = 0.0
    beat: float = 0.0
    moved: float = 0.0


@dataclass(frozen=True)
class EvidenceLimits:
    """Where a number of `Evidence` refuses, and where it only raises a doubt.

    Set between human short-axis stacks that networks had not seen on the one hand, and brain
    EPI, noise and long-axis planes cut out of a short-axis stack on the other.
    refused_roundness_alone: of a single plane, as long-axis views mostly come; also of stacks
    whose planes lie nearer along the usual axis than across it.
    """

    refused_wall_share: float = 0.4
    doubtful_wall_share: float = 0.7
    refused_roundness: float = 0.58
    refused_roundness_alone: float = 0.65
    doubtful_roundness: float = 0.72
    refused_confidence: float = 0.7
    doubtful_confidence: float = 0.8
    refused_off_axis_mm: float = 12.0
    doubtful_off_axis_mm: float = 8.0
    refused_moved: float = 0.03
    doubtful_moved: float = 0.06
    doubtful_beat: float = 0.04
    usual_diameter_mm: tuple[float, float] = (30.0, 100.0)


LIMITS = EvidenceLimits()


def evidence_of(
    labels: Sequence[np.ndarray],
    probabilities: Sequence[np.ndarray],
    images: Sequence[np.ndarray],
    starts: Sequence[tuple[int, int]],
    spacing_mm: tuple[float, float, float],
) -> Evidence:
    """Numbers on what was found, one entry a plane.

    labels, images: (frame, row, column) of a window of the plane; probabilities: (frame, class,
    row, column). starts: first row and column of the window. spacing_mm: row, column, plane.
    """
    shown = [bool((plane == CAVITY).any()) for plane in labels]
    if not any(shown):
        return Evidence(0.0)
    found: list[tuple[float, ...]] = []
    for number, plane in enumerate(labels):
        for frame in np.flatnonzero((plane == CAVITY).any((1, 2))):
            one = _of_cavity(plane[frame], probabilities[number][frame], images[number][frame])
            row, column = one[-2] + starts[number][0], one[-1] + starts[number][1]
            found.append((*one[:-2], row * spacing_mm[0], column * spacing_mm[1], number))
    table = np.array(found)
    weights, points, depths = table[:, 4], table[:, 5:7], table[:, 7] * spacing_mm[2]
    by_plane = [np.flatnonzero(table[:, 7] == n) for n in np.unique(table[:, 7])]
    axis = fit_axis(
        np.array([np.average(points[n], axis=0, weights=weights[n]) for n in by_plane]),
        np.array([depths[n[0]] for n in by_plane]),
        np.array([weights[n].sum() for n in by_plane]),
    )
    off_axis = np.linalg.norm(points - axis.at(depths), axis=1)
    volumes = np.sum([(plane == CAVITY).sum((1, 2)) for plane in labels], axis=0)
    area_mm2 = weights.max() * spacing_mm[0] * spacing_mm[1]
    median = np.median(table[:, :4], axis=0)
    moved = [_moved(i, p) for i, p, there in zip(images, labels, shown, strict=True) if there]
    return Evidence(
        shown_share=float(np.mean(shown)),
        wall_share=float(median[0]),
        roundness=float(median[1]),
        confidence=float(median[2]),
        contrast=float(median[3]),
        off_axis_mm=float(np.median(off_axis)),
        diameter_mm=float(2 * np.sqrt(area_mm2 / np.pi)),
        beat=float(1 - volumes.min() / volumes.max()),
        moved=float(np.median(moved)),
    )


def check_evidence(
    evidence: Evidence, cine: VolumeSequence, limits: EvidenceLimits = LIMITS
) -> tuple[Remark, ...]:
    """Doubts about what was found, as remarks. Raises NotShortAxisCineError for clear cases."""
    reason = _against_short_axis(evidence, cine, limits)
    if reason:
        raise NotShortAxisCineError(reason)
    doubts = []
    if evidence.wall_share < limits.doubtful_wall_share:
        doubts.append(f"only {100 * evidence.wall_share:.0f} % of the cavity's border has a wall")
    if evidence.roundness < limits.doubtful_roundness:
        doubts.append(f"the cavity's width is {evidence.roundness:.2f} of its length")
    if evidence.confidence < limits.doubtful_confidence:
        doubts.append(f"the network is {100 * evidence.confidence:.0f} % sure of the cavity")
    if evidence.off_axis_mm > limits.doubtful_off_axis_mm:
        doubts.append(f"cavities lie {evidence.off_axis_mm:.0f} mm off a common axis")
    if evidence.moved < limits.doubtful_moved or evidence.beat < limits.doubtful_beat:
        doubts.append("the ventricle hardly moves")
    low, high = limits.usual_diameter_mm
    if cine.frames[0].geometry.spacing_known and not low <= evidence.diameter_mm <= high:
        doubts.append(
            f"the cavity is {evidence.diameter_mm:.0f} mm wide, usual is {low:g} to {high:g} mm: "
            "check the pixel spacing"
        )
    if not doubts:
        return ()
    return (
        Remark(
            "short-axis-doubtful",
            f"Whether this is a short-axis cine is in doubt: {'; '.join(doubts)}.",
        ),
    )


def _against_short_axis(evidence: Evidence, cine: VolumeSequence, limits: EvidenceLimits) -> str:
    if not evidence.shown_share:
        return "no left ventricle was found on any plane"
    if evidence.moved < limits.refused_moved:
        return (
            f"nothing beats in it: gray values change by {100 * evidence.moved:.1f} % over the "
            "frames where a ventricle was sought"
        )
    if evidence.wall_share < limits.refused_wall_share:
        return (
            "what could be a cavity has no wall around it "
            f"({100 * evidence.wall_share:.0f} % of its border)"
        )
    if evidence.confidence < limits.refused_confidence:
        return f"the network is only {100 * evidence.confidence:.0f} % sure of any cavity"
    if evidence.off_axis_mm > limits.refused_off_axis_mm:
        return (
            f"what could be cavities lie {evidence.off_axis_mm:.0f} mm off a common axis, in no "
            "place that is the same from plane to plane"
        )
    along = _deg_from_usual_axis(cine)
    long_axis = along is not None and along > _NEARER_ALONG_DEG
    alone = cine.frames[0].array.shape[0] == 1 or long_axis
    roundness = limits.refused_roundness_alone if alone else limits.refused_roundness
    if evidence.roundness < roundness:
        where = (
            f" and its planes lie {along:.0f} degrees from those usual across the heart"
            if long_axis
            else ""
        )
        return (
            f"the cavity is long (its width is {evidence.roundness:.2f} of its length){where}, "
            "as in a long-axis view"
        )
    return ""


def _deg_from_usual_axis(cine: VolumeSequence) -> float | None:
    """Angle of the planes' normal and an ordinary ventricle's axis; None where none is recorded.

    Axes parallel to the patient's are what files without directions hold: they say nothing.
    """
    normal = np.array(cine.frames[0].geometry.direction)[:, 2]
    if np.abs(normal).max() > 0.9999 and "patient_position" not in cine.frames[0].tags:
        return None
    return float(np.degrees(np.arccos(np.clip(abs(normal @ _USUAL_AXIS), 0, 1))))


def _of_cavity(
    labels: np.ndarray, probabilities: np.ndarray, image: np.ndarray
) -> tuple[float, ...]:
    """Wall share, roundness, confidence, contrast, area (px), row and column of one cavity."""
    cavity, wall = labels == CAVITY, labels == MYOCARDIUM
    rim = ndimage.binary_dilation(cavity, iterations=2) & ~cavity
    rows, columns = np.nonzero(cavity)
    # A pixel is a square, not a point: its own second moment keeps small cavities round.
    spread = np.cov(np.stack([rows, columns]), bias=True) + np.eye(2) / 12
    least, most = np.linalg.eigvalsh(spread)
    low, high = np.percentile(image, (1, 99))
    blood = float(image[cavity].mean())
    muscle = float(image[wall].mean()) if wall.any() else blood
    return (
        float(wall[rim].mean()),
        float(np.sqrt(least / most)),
        float(probabilities[CAVITY][cavity].mean()),
        (blood - muscle) / max(float(high - low), 1e-9),
        float(cavity.sum()),
        float(rows.mean()),
        float(columns.mean()),
    )


def _moved(images: np.ndarray, labels: np.ndarray) -> float:
    """Change of smoothed gray values over the frames about the cavity, over their range."""
    smooth = ndimage.gaussian_filter(images.astype(np.float32), (0, 1.5, 1.5))
    about = ndimage.binary_dilation((labels == CAVITY).any(0), iterations=3)
    low, high = np.percentile(images, (1, 99))
    return float(np.percentile(np.ptp(smooth, axis=0)[about], 90)) / max(float(high - low), 1e-9)
