"""Contours of the organs on an MR of head and neck: EXPERIMENTAL, and said with every result.

The network has learned from CT in made-up MR contrasts alone. Beyond the checks of CT nothing
vouches for it; organs that do not fit one another are left out, as there.
"""

from __future__ import annotations

import time

import numpy as np

from AutoContourLib.contours.checks import checked, cleaned, head_neck_anatomy
from AutoContourLib.contours.contour_settings import ContourSettings
from AutoContourLib.contours.contouring import FEWEST_SLICES, ORDER, Contours
from AutoContourLib.contours.ct_grid import even_view
from AutoContourLib.contours.mr_views import gray_of_mr, mr_body
from AutoContourLib.study.pixel_kind import pixel_kind
from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.volume import Volume

EXPERIMENTAL = Remark(
    "experimental",
    "Contours on MR are experimental: the network has learned from CT in made-up MR contrasts and "
    "was never scored on an MR. Look at every slice, or carry contours of a CT over.",
)


def contour_mr(scan: Volume, settings: ContourSettings | None = None) -> Contours:
    """Contours of an MR volume of head and neck; its masks carry no body, lungs or bone.

    Raises InputError for images that are no MR by their gray values and where organs were not
    asked for, GeometryError for too few slices or an unknown spacing, ModelError without a model.
    """
    from AutoContourLib.contours.ct_organs import organ_labels
    from MedImageLib.network.inference import InferenceSettings
    from MedImageLib.network.model_store import load_model

    settings = settings or ContourSettings()
    _refuse_unfit(scan, settings)
    started = time.monotonic()
    model = load_model(settings.mr_model)
    even = even_view(scan, model.card.framing.pixel_mm, fill=0.0)
    body = mr_body(even.array, even.geometry.spacing_mm[0])
    seconds = {"body": time.monotonic() - started}
    used = (model.card.name, model.card.version, model.weights_sha256)
    if not body.any():
        nothing = Remark("no-body", "No body was found on the scan.")
        return Contours(scan, {}, (), (EXPERIMENTAL, nothing), used, seconds=seconds)
    begun = time.monotonic()
    how = InferenceSettings(
        level=settings.level,
        stop_below=settings.stop_below,
        memory_limit_mib=settings.memory_limit_mib,
    )
    answer = organ_labels(model.network, even, scan.geometry, how, body, gray_of_mr)
    labels = cleaned(answer.labels, model.structures, scan.geometry)
    labels, checks, told = checked(labels, model.structures, scan.geometry, head_neck_anatomy())
    seconds["organs"] = time.monotonic() - begun
    names = {name: number for number, name in model.structures.items()}
    masks = {key: labels == names[key] for key in ORDER if key in names}
    found = {key: mask for key, mask in masks.items() if mask.any()}
    remarks = (EXPERIMENTAL, *scan.remarks, *told)
    return Contours(scan, found, checks, remarks, used, answer.level, seconds)


def _refuse_unfit(scan: Volume, settings: ContourSettings) -> None:
    if not settings.organs:
        raise InputError("On MR there are contours of organs alone; organs were switched off.")
    kind = pixel_kind(scan.array)
    if kind.kind in ("CT", "unusable"):
        raise InputError(
            f"The image is tagged as MR but is none by its gray values ({kind.text}). Check the "
            "modality of the series."
        )
    if not np.isfinite(scan.array).all():
        raise InputError("The image holds values that are not finite; repair or convert it.")
    if not scan.geometry.spacing_known:
        raise GeometryError("The spacing of the image is not known; organs cannot be told by size.")
    if scan.array.shape[0] < FEWEST_SLICES:
        raise GeometryError(
            f"The scan has {scan.array.shape[0]} slices; at least {FEWEST_SLICES} are needed."
        )
