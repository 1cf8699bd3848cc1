"""Two images of a patient: offset, field and deformation degree in one call, nothing written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from AutoContourLib.registration.deformable import register_deformable
from AutoContourLib.registration.deformable_settings import DeformableSettings
from AutoContourLib.registration.deformation_degree import DeformationDegree, degree_of_field
from AutoContourLib.registration.fusion import FusionSettings, fuse
from AutoContourLib.registration.gray_values import body_mask, comparable, with_modality
from AutoContourLib.registration.offset import RigidOffset
from AutoContourLib.registration.rigid import register_rigid
from AutoContourLib.registration.rigid_settings import RigidSettings
from AutoContourLib.registration.same_patient import different_patients
from AutoContourLib.registration.working_grid import working_image
from AutoContourLib.study.processing_table import load_processing_table
from AutoContourLib.study.series_facts import series_facts
from AutoContourLib.study.study_type import classify
from MedImageLib.background.progress import tell
from MedImageLib.errors import InputError, Remark
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume


@dataclass(frozen=True, eq=False)
class RegisteredPair:
    """offset: of the second image; offset_usable: the images fit by it. displacement_mm: (k, j,
    i, 3) on `geometry`, first point + vector = second point, or None; degree: of the body, None
    without a field. remarks: what to know, the reason first where something is not usable. kind:
    type of the pair with its evidence, in words."""

    offset: RigidOffset
    offset_usable: bool
    displacement_mm: np.ndarray | None
    geometry: Geometry
    field_usable: bool
    degree: DeformationDegree | None
    remarks: tuple[Remark, ...]
    kind: str = ""


def register_images(
    first: Volume,
    second: Volume,
    rigid: RigidSettings | None = None,
    field: DeformableSettings | None = None,
) -> RegisteredPair:
    """Register the second image onto the first one.

    Large images are thinned (`working_grid`). Raises what `register_rigid` raises.
    """
    kind = pair_kind(first, second)
    stranger = different_patients(first, second)
    known = () if stranger is None else (stranger,)
    tell(0.0, "Rigid registration")
    first, second = (with_modality(working_image(image)) for image in (first, second))
    found = register_rigid(first, second, rigid)
    if not found.usable:
        return RegisteredPair(
            found.offset, False, None, first.geometry, False, None, (*known, *found.remarks), kind
        )
    tell(0.3, "Non-rigid registration")
    deformed = register_deformable(first, second, found.moving_from_fixed, field)
    tell(0.9, "Deformation degree")
    body = body_mask(comparable(first)).astype(np.uint8)
    labels = first.with_array(body, is_labelmap=True, unit="", modality="")
    degree = degree_of_field(
        deformed.displacement_mm, deformed.geometry, found.moving_from_fixed, labels
    )
    return RegisteredPair(
        found.offset,
        True,
        deformed.displacement_mm,
        deformed.geometry,
        deformed.usable,
        degree,
        (*known, *deformed.remarks, *found.remarks, *degree.remarks),
        kind,
    )


def pair_kind(first: Volume, second: Volume) -> str:
    """Type I to IV of two images, what is done with them, the evidence; or why it is unknown."""
    try:
        found = classify(
            [series_facts(image) for image in (first, second)], load_processing_table()
        )
    except InputError as error:
        return str(error)
    pairs = [pair for one in found for pair in one.pairs]
    if not pairs:
        return "The images belong to different patients by their identity; they are no pair."
    pair = pairs[0]
    steps = ", ".join(step.replace("_", " ") for step in pair.steps)
    return f"Type {pair.study_type}: {steps}.\n" + "\n".join(pair.evidence)


def fused_volume(
    first: Volume,
    second: Volume,
    method: str,
    moving_from_fixed: np.ndarray | None,
    displacement_mm: np.ndarray | None = None,
) -> Volume:
    """Both images as one, 0 … 1, on the first one's grid; see `fusion.fuse`."""
    settings = FusionSettings(method=method)
    if displacement_mm is not None:
        first = working_image(first)
        return fuse(first, second, settings, displacement_mm=displacement_mm).volume
    return fuse(first, second, settings, moving_from_fixed).volume
