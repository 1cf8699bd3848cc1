"""Cavity and myocardium of the left ventricle on every plane of a short-axis cine.

A far-view model finds the ventricle, a near-view model segments it at a fixed millimeter scale;
where no ventricle is seen the answer is an empty plane. Papillary muscles belong to the cavity.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from CardiacLVLib.cine.evidence import Evidence, check_evidence, evidence_of
from CardiacLVLib.cine.short_axis import NotShortAxisCineError, check_cine
from CardiacLVLib.ventricle.consistency import (
    CAVITY,
    MYOCARDIUM,
    PlaneProbabilities,
    consistent_labels,
    one_ventricle,
    planes_beyond_base,
    separate_labels,
)
from CardiacLVLib.ventricle.localization import Location, estimated_pixel_mm, locate, shows
from MedImageLib.background.progress import tell
from MedImageLib.errors import Remark
from MedImageLib.network.framing import Frame
from MedImageLib.network.inference import InferenceSettings, frame_about, segment_planes
from MedImageLib.network.model_store import Model, load_model
from MedImageLib.results import ModelUsed
from MedImageLib.volume import Volume, VolumeSequence

__all__ = ["CAVITY", "MYOCARDIUM", "CineSegmentation", "one_ventricle", "segment_cine"]

FAR_MODEL, NEAR_MODEL = "cine_localizer", "cine_ventricle"


@dataclass(frozen=True, eq=False)
class CineSegmentation:
    """labels: per frame, 1 cavity, 2 myocardium. cavity_area_mm2: (frame, slice).

    cavity_volume_ml, myocardium_volume_ml: per frame, sum of slices times their distance; None
    when spacing is unknown or there is one slice. ed_frame, es_frame: largest and smallest
    cavity; None when no ventricle was found. centers: (slice, 2), row and column of the
    ventricle on each plane. pixel_mm: of rows and columns, estimated where spacing is unknown.
    evidence: on which the images were taken for a short-axis cine.
    """

    labels: tuple[Volume, ...]
    cavity_area_mm2: np.ndarray
    cavity_volume_ml: np.ndarray | None
    myocardium_volume_ml: np.ndarray | None
    ed_frame: int | None
    es_frame: int | None
    models: tuple[ModelUsed, ...]
    remarks: tuple[Remark, ...]
    seconds: float
    centers: np.ndarray | None = None
    pixel_mm: tuple[float, float] | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True, eq=False)
class _Window:
    """The part of a plane that the near view covers, and what it shows there in all frames."""

    rows: slice
    columns: slice
    probabilities: PlaneProbabilities


def segment_cine(
    cine: VolumeSequence,
    settings: InferenceSettings | None = None,
    *,
    consistent: bool = True,
    models: tuple[Model, Model] | None = None,
) -> CineSegmentation:
    """Segment all frames of a short-axis cine.

    consistent: let frames and planes support one another; off, each answers on its own.
    models: far and near view; those of the product when None.
    Raises NotShortAxisCineError (an InputError) with the cause when the images are none.
    """
    started = time.monotonic()
    check_cine(cine)
    far, near = models or (load_model(FAR_MODEL), load_model(NEAR_MODEL))
    remarks = list(cine.remarks)
    images = cine.array.astype(np.float32)
    geometry = cine.frames[0].geometry
    pixel_mm = (geometry.spacing_mm[1], geometry.spacing_mm[0])
    if not geometry.spacing_known:
        side = estimated_pixel_mm(far, near, images, settings)
        pixel_mm = (side, side)
        remarks.append(
            Remark(
                "spacing-estimated",
                f"No pixel spacing is recorded; {side:.2f} mm was estimated from the size of the "
                "heart to look at it at the right scale, and no areas are given in mm.",
            )
        )
    location = locate(far, images, pixel_mm, geometry.spacing_mm[2], settings)
    if location is None:
        raise NotShortAxisCineError("no left ventricle was found on any plane")
    windows = []
    for plane, center in enumerate(location.centers):
        tell(plane / len(location.centers), f"Slice {plane + 1} of {len(location.centers)}")
        windows.append(_seen_plane(near, images[:, plane], center, pixel_mm, settings))
    label = consistent_labels if consistent else separate_labels
    found = label([window.probabilities for window in windows])
    labels = np.zeros(images.shape, np.uint8)
    for plane, (window, part) in enumerate(zip(windows, found, strict=True)):
        labels[:, plane, window.rows, window.columns] = part
    if consistent:
        beyond = planes_beyond_base((labels == CAVITY).sum((2, 3)))
        remarks.extend(_without_planes(beyond, labels, found))
    evidence = evidence_of(
        found,
        [window.probabilities.values for window in windows],
        [images[:, n, w.rows, w.columns] for n, w in enumerate(windows)],
        [(w.rows.start, w.columns.start) for w in windows],
        (*pixel_mm, geometry.spacing_mm[2]),
    )
    remarks.extend(check_evidence(evidence, cine))
    return _measured(
        cine, labels, (far.used, near.used), tuple(remarks), location, pixel_mm, evidence, started
    )


def _seen_plane(
    near: Model,
    images: np.ndarray,
    center: np.ndarray,
    pixel_mm: tuple[float, float],
    settings: InferenceSettings | None,
) -> _Window:
    """Probabilities of one plane (frame, row, column) in the part that the near view covers."""
    index = (float(center[0]), float(center[1]))
    frame = frame_about(index, pixel_mm, near.card.framing)
    rows, columns = _covered(frame, images.shape[1:])
    height, width = rows.stop - rows.start, columns.stop - columns.start
    values = np.zeros((len(images), len(near.card.labels) + 1, height, width), np.float32)
    values[:, 0] = 1.0
    seen = [n for n, image in enumerate(images) if shows(image)]
    answers = segment_planes(
        near.network,
        [images[n] for n in seen],
        [frame] * len(seen),
        settings,
        near.card.percent,
        [(rows, columns)] * len(seen),
    )
    for n, answer in zip(seen, answers, strict=True):
        assert answer.probabilities is not None
        values[n] = answer.probabilities
    inside = (index[0] - rows.start, index[1] - columns.start)
    return _Window(rows, columns, PlaneProbabilities(values, inside, pixel_mm))


def _without_planes(
    planes: Sequence[int], labels: np.ndarray, found: Sequence[np.ndarray]
) -> tuple[Remark, ...]:
    """Empty these planes in both forms of the labels, and say so."""
    if not planes:
        return ()
    for plane in planes:
        labels[:, plane] = 0
        found[plane][:] = 0
    listed = ", ".join(map(str, planes))
    return (
        Remark(
            "beyond-base",
            f"Planes {listed} (from 0) lie beyond the base: their cavity does not shrink while "
            "the ventricle empties, as in the atrium; they were left empty.",
        ),
    )


def _covered(frame: Frame, shape: Sequence[int]) -> tuple[slice, slice]:
    """Pixels of the image whose centers lie in the frame."""
    corners = np.array([[-0.5, -0.5], np.array(frame.size) - 0.5]) @ frame.matrix.T + frame.offset
    low = np.maximum(np.ceil(corners[0]), 0).astype(int)
    high = np.minimum(np.floor(corners[1]) + 1, shape).astype(int)
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))


def _measured(
    cine: VolumeSequence,
    labels: np.ndarray,
    models: tuple[ModelUsed, ...],
    remarks: tuple[Remark, ...],
    location: Location,
    pixel_mm: tuple[float, float],
    evidence: Evidence,
    started: float,
) -> CineSegmentation:
    geometry = cine.frames[0].geometry
    i_mm, j_mm, k_mm = geometry.spacing_mm
    areas = (labels == CAVITY).sum((2, 3)) * i_mm * j_mm
    total = areas.sum(1)
    there = bool(total.max() > 0)
    whole = geometry.spacing_known and labels.shape[1] > 1
    walls = (labels == MYOCARDIUM).sum((1, 2, 3)) * i_mm * j_mm * k_mm / 1000
    return CineSegmentation(
        labels=tuple(
            frame.with_array(array, is_labelmap=True, unit="", remarks=())
            for frame, array in zip(cine.frames, labels, strict=True)
        ),
        cavity_area_mm2=areas,
        cavity_volume_ml=total * k_mm / 1000 if whole else None,
        myocardium_volume_ml=walls if whole else None,
        ed_frame=int(total.argmax()) if there else None,
        es_frame=int(total.argmin()) if there else None,
        models=models,
        remarks=remarks,
        seconds=time.monotonic() - started,
        centers=location.centers,
        pixel_mm=pixel_mm,
        evidence=evidence,
    )
