"""Cavity and myocardium of the left ventricle on every plane of a short-axis cine.

A far-view model finds the ventricle, a near-view model segments it at a fixed millimeter scale;
where no ventricle is seen the answer is an empty plane. Papillary muscles belong to the cavity.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from MedImageLib.errors import InputError, Remark
from MedImageLib.network.inference import InferenceSettings, frame_about, segment_planes
from MedImageLib.network.localization import agreed_centers, plane_centers
from MedImageLib.network.model_store import Model, load_model
from MedImageLib.volume import Volume, VolumeSequence

FAR_MODEL, NEAR_MODEL = "cine_localizer", "cine_ventricle"
CAVITY, MYOCARDIUM = 1, 2
FARTHEST_FROM_MIDDLE_MM = 30.0
ASSUMED_FIELD_MM = 340.0  # of the longer image side, where no spacing is recorded


@dataclass(frozen=True, eq=False)
class CineSegmentation:
    """labels: per frame, 1 cavity, 2 myocardium. cavity_area_mm2: (frame, slice).

    cavity_volume_ml, myocardium_volume_ml: per frame, sum of slices times their distance; None
    when spacing is unknown or there is one slice. ed_frame, es_frame: largest and smallest
    cavity; None when no ventricle was found.
    """

    labels: tuple[Volume, ...]
    cavity_area_mm2: np.ndarray
    cavity_volume_ml: np.ndarray | None
    myocardium_volume_ml: np.ndarray | None
    ed_frame: int | None
    es_frame: int | None
    models: tuple[Model, ...]
    remarks: tuple[Remark, ...]
    seconds: float


def segment_cine(
    cine: VolumeSequence, settings: InferenceSettings | None = None
) -> CineSegmentation:
    """Segment all frames of a short-axis cine.

    Raises InputError when the frames are no MR images.
    """
    started = time.monotonic()
    first = cine.frames[0]
    if first.modality not in ("MR", ""):
        raise InputError(f"The modality is {first.modality}, not MR. Choose a short-axis cine MR.")
    far, near = load_model(FAR_MODEL), load_model(NEAR_MODEL)
    remarks = list(cine.remarks)
    spacing = first.geometry.spacing_mm
    in_plane_mm = (spacing[1], spacing[0])
    if not first.geometry.spacing_known:
        assumed = ASSUMED_FIELD_MM / max(first.array.shape[1:])
        in_plane_mm = (assumed, assumed)
        remarks.append(
            Remark(
                "spacing-assumed",
                f"No pixel spacing is recorded; {assumed:.2f} mm was assumed to find the "
                "ventricle, and no areas are given in mm.",
            )
        )
    images = cine.array.astype(np.float32)
    centers = _centers(far, images, in_plane_mm[0], settings)
    labels = np.zeros(images.shape, np.uint8)
    keys = [key for key, center in centers.items() if center is not None and _shows(images[key])]
    found = segment_planes(
        near.network,
        [images[key] for key in keys],
        [frame_about(centers[key] or (0.0, 0.0), in_plane_mm, near.card.framing) for key in keys],
        settings,
        near.card.percent,
    )
    for key, one in zip(keys, found, strict=True):
        labels[key] = one_ventricle(one.labels)
    return _measured(cine, labels, (far, near), tuple(remarks), started)


def one_ventricle(labels: np.ndarray) -> np.ndarray:
    """The largest part of the cavity, its holes filled, and the myocardium that touches it."""
    parts, count = ndimage.label(labels == CAVITY)
    if not count:
        return np.zeros_like(labels)
    cavity = parts == 1 + int(np.bincount(parts.ravel())[1:].argmax())
    cavity = ndimage.binary_fill_holes(cavity)
    walls, _ = ndimage.label((labels == MYOCARDIUM) & ~cavity)
    touching = np.unique(walls[ndimage.binary_dilation(cavity, iterations=2)])
    result = np.zeros_like(labels)
    result[np.isin(walls, touching[touching > 0])] = MYOCARDIUM
    result[cavity] = CAVITY
    return result


def _centers(
    far: Model, images: np.ndarray, pixel_mm: float, settings: InferenceSettings | None
) -> dict[tuple[int, int], tuple[float, float] | None]:
    frames, planes = images.shape[:2]
    # Every plane in a third of the frames is enough: the heart does not wander within a beat.
    chosen = sorted({*range(0, frames, 3), frames - 1})
    keys = [(frame, plane) for frame in chosen for plane in range(planes)]
    seen = [key for key in keys if _shows(images[key])]
    found = plane_centers(
        far.network, far.card.framing, [images[key] for key in seen], settings, far.card.percent
    )
    agreed = dict(zip(seen, agreed_centers(found, FARTHEST_FROM_MIDDLE_MM / pixel_mm), strict=True))
    result: dict[tuple[int, int], tuple[float, float] | None] = {}
    for plane in range(planes):
        points = [agreed[key] for key in seen if key[1] == plane and agreed[key] is not None]
        center = tuple(np.median(np.array(points), axis=0)) if points else None
        for frame in range(frames):
            result[frame, plane] = center  # type: ignore[assignment]
    return result


def _shows(plane: np.ndarray) -> bool:
    """False for planes of one gray value."""
    return bool(plane.max() > plane.min())


def _measured(
    cine: VolumeSequence,
    labels: np.ndarray,
    models: tuple[Model, ...],
    remarks: tuple[Remark, ...],
    started: float,
) -> CineSegmentation:
    geometry = cine.frames[0].geometry
    i_mm, j_mm, k_mm = geometry.spacing_mm
    areas = (labels == CAVITY).sum((2, 3)) * i_mm * j_mm
    total = areas.sum(1)
    there = bool(total.max() > 0)
    if not there:
        remarks += (Remark("no-ventricle", "No left ventricle was found on any plane."),)
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
    )
