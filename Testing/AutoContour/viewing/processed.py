"""A small processed study whose registration and contours are exact by construction."""

from __future__ import annotations

import json
import time
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from AutoContourLib.contours.contour_files import finished_contours
from AutoContourLib.contours.contour_settings import ContourSettings, RtstructSettings
from AutoContourLib.contours.contouring import Contours
from AutoContourLib.registration.deformable_settings import DeformableSettings
from AutoContourLib.registration.deformation_degree import degree_of_field
from AutoContourLib.registration.offset import RigidOffset
from AutoContourLib.registration.output import write_offset
from AutoContourLib.registration.rigid_settings import RigidSettings
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.results import QualityFlag, Result, input_identity, write_result
from MedImageLib.settings import settings_to_dict
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy
from MedImageLib.writing.displacement import write_displacement
from MedImageLib.writing.nrrd import write_segmentation, write_volume

SHAPE, SPACING_MM = (20, 40, 44), (5.0, 5.0, 6.0)
GRID = Geometry(SHAPE, SPACING_MM, (-110.0, -100.0, -60.0))
ORGANS = {"brainstem": ((9, 18, 22), (3, 4, 4)), "left_parotid": ((8, 20, 31), (2, 3, 3))}
OFFSET = RigidOffset((6.0, 0.0, 0.0), center_mm=tuple(GRID.center_mm))


def head(shift_mm: float = 0.0) -> tuple[Volume, dict[str, np.ndarray]]:
    """A head of ellipsoids in HU, moved toward the patient's left, with its exact masks."""
    k, j, i = np.mgrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]].astype(float)
    i -= shift_mm / SPACING_MM[0]
    masks = {"body": ((j - 20) / 16) ** 2 + ((i - 22) / 17) ** 2 + ((k - 10) / 11) ** 2 < 1}
    shell = ((j - 20) / 13) ** 2 + ((i - 22) / 14) ** 2 + ((k - 10) / 9) ** 2
    masks["bone"] = (shell < 1) & (shell > 0.72)
    array = np.full(SHAPE, -1000.0)
    array[masks["body"]] = 20
    array[masks["bone"]] = 700
    for number, (key, (center, radii)) in enumerate(ORGANS.items()):
        distance = np.zeros(SHAPE)
        for axis, at, size in zip((k, j, i), center, radii, strict=True):
            distance += ((axis - at) / size) ** 2
        masks[key] = distance < 1
        array[masks[key]] = 60 + 60 * number
    array += np.random.default_rng(3).normal(0, 8, SHAPE)
    return Volume(np.maximum(array, -1024).astype(np.int16), GRID, modality="CT"), masks


def make_study(folder: Path, inputs: Path, push_mm: float = 9.0) -> Path:
    """Write a processed study to folder/cases/head/study; its folder.

    push_mm: elastic displacement of the second image, everywhere the same, beside the offset.
    """
    first, masks = head()
    second, _ = head(OFFSET.translation_mm[0])
    write_dicom(first, inputs, DicomStudy.of_seed(4))
    planning = read_image(inputs)
    study = folder / "cases" / "head" / "study"
    _write_contours(planning, masks, study / "contours")
    write_segmentation(
        first.with_array(masks["body"].astype(np.uint8), is_labelmap=True),
        {1: structure("body")},
        study / "body.seg.nrrd",
    )
    _write_scene(study, {"Planning CT": first, "Image 1 CT": second})
    inputs_of = (input_identity(first, "planning"), input_identity(second, "further"))
    write_result(study, Result("AutoContour", "study", inputs_of, findings=("Two images.",)))
    _write_registration(study / "registrations" / "1-CT", first, second, masks["body"], push_mm)
    return study


def _write_contours(planning: Volume, masks: dict[str, np.ndarray], folder: Path) -> None:
    folder.mkdir(parents=True)
    found = finished_contours(
        Contours(planning, masks),
        folder,
        ContourSettings(),
        RtstructSettings(),
        time.monotonic(),
        report=False,
    )
    write_result(folder, found)


def _write_scene(study: Path, volumes: dict[str, Volume]) -> None:
    """The part of a scene that the browser end reads; another test reads a real one."""
    with zipfile.ZipFile(study / "scene.mrb", "w") as bundle:
        bundle.writestr("scene/scene.mrml", "<MRML/>")
        for name, volume in volumes.items():
            path = write_volume(volume, study / "volume.nrrd")
            bundle.write(path, f"scene/Data/{name}.nrrd")
            path.unlink()


def _write_registration(
    pair: Path, first: Volume, second: Volume, body: np.ndarray, push_mm: float
) -> None:
    pair.mkdir(parents=True)
    field = np.zeros((*SHAPE, 3), np.float32)
    field[..., 0] = OFFSET.translation_mm[0]
    field[..., 1] = push_mm
    write_offset(OFFSET, pair / "offset.json")
    write_displacement(field, GRID, pair / "displacement.nrrd")
    write_volume(first, pair / "moved.nrrd")
    labels = first.with_array(body.astype(np.uint8), is_labelmap=True, unit="")
    degree = degree_of_field(field, GRID, OFFSET.moving_from_fixed, labels)
    (pair / "deformation_degree.json").write_text(json.dumps(asdict(degree)), "utf-8")
    deformable = DeformableSettings()
    steps = deformable.field_steps[:1]
    quick = {"field_spacings_mm": [24.0], "field_steps": list(steps), "check_reverse": False}
    write_result(
        pair,
        Result(
            "AutoContour",
            "register",
            (input_identity(first, "fixed"), input_identity(second, "moving")),
            flags=(
                QualityFlag("registration-usable", "satisfied", "The images overlap."),
                QualityFlag("field-usable", "satisfied", "The field may be used."),
            ),
            findings=("Rigid offset of 6.0 mm.",),
            settings=settings_to_dict(RigidSettings()) | settings_to_dict(deformable) | quick,
        ),
    )
