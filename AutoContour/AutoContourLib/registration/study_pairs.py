"""Registration of a study's further images onto its first one, by the steps of each pair's type.

What was found lies in one folder a pair: the files of the command `register`, the fused image and
the deformation degree. A pair that cannot be registered is a remark, never an end.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from AutoContourLib.registration.deformable_settings import DeformableSettings
from AutoContourLib.registration.deformation_degree import (
    LEAST_SEEN_MM,
    DeformationDegree,
    degree_of_field,
)
from AutoContourLib.registration.fusion import FusionSettings, fuse
from AutoContourLib.registration.gray_values import body_mask, comparable
from AutoContourLib.registration.output import OFFSET_FILE, read_offset, register_files
from AutoContourLib.registration.rigid_settings import RigidSettings
from AutoContourLib.registration.working_grid import working_image
from AutoContourLib.study.study_type import ImagePair
from MedImageLib.background.progress import part
from MedImageLib.errors import MedImageError, Remark
from MedImageLib.resampling import geometry_of
from MedImageLib.results import Measurement, Result, output_files, write_result
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file, finished_folder
from MedImageLib.writing.nrrd import write_volume


def register_pairs(
    pairs: Sequence[ImagePair],
    folder: Path,
    rigid: RigidSettings | None = None,
    field: DeformableSettings | None = None,
    fusion: FusionSettings | None = None,
) -> tuple[tuple[Result, ...], tuple[Remark, ...]]:
    """Results of the pairs whose steps name a registration, and why others have none.

    folder: below it each pair has its own, `1-MR`, `2-CT`, …, in the order of the pairs.
    """
    results, remarks = [], []
    for number, pair in enumerate(pairs, start=1):
        if "register" not in pair.steps:
            continue
        try:
            shares = part((number - 1) / len(pairs), number / len(pairs))
            with shares, finished_folder(folder / f"{number}-{pair.second.mode}") as place:
                result = _register_pair(
                    pair,
                    place,
                    rigid or RigidSettings(),
                    field or DeformableSettings(),
                    fusion or FusionSettings(),
                )
                write_result(place, replace(result, files=output_files(place)))
            results.append(result)
        except MedImageError as error:
            remarks.append(Remark("not-registered", f"{pair.second.title}: {error}"))
    return tuple(results), tuple(remarks)


def _register_pair(
    pair: ImagePair,
    folder: Path,
    rigid: RigidSettings,
    field: DeformableSettings,
    fusion: FusionSettings,
) -> Result:
    fixed, moving = (
        working_image(replace(one.volume, modality=one.mode)) for one in (pair.first, pair.second)
    )
    result = register_files(fixed, moving, folder, rigid, None, field)
    finding = f"{pair.second.title}: {' '.join(result.findings)}"
    values = list(result.values)
    if all(flag.state == "satisfied" for flag in result.flags):
        displacement = _displacement(fixed, folder)
        if "fuse" in pair.steps:
            fused = fuse(fixed, moving, fusion, displacement_mm=displacement)
            write_volume(fused.volume, folder / "fused.nrrd")
        if "deformation_degree" in pair.steps:
            degree = _degree(fixed, displacement, folder)
            whole = degree.by_field[0]
            values += [
                Measurement("deformation_mean", whole.mean_mm, "mm"),
                Measurement("deformation_p95", whole.p95_mm, "mm"),
                Measurement("deformation_max", whole.max_mm, "mm"),
            ]
            if whole.p95_mm >= LEAST_SEEN_MM:
                finding += f" Deformation of the body: 95 % below {whole.p95_mm:.1f} mm."
    return replace(result, values=tuple(values), findings=(finding,))


def _displacement(fixed: Volume, folder: Path) -> np.ndarray:
    """The field that was just written, so that it is kept once only."""
    import SimpleITK as sitk

    image = sitk.ReadImage(str(folder / "displacement.nrrd"))
    assert geometry_of(image).same_grid(fixed.geometry)
    displacement: np.ndarray = sitk.GetArrayFromImage(image)
    return displacement


def _degree(fixed: Volume, displacement: np.ndarray, folder: Path) -> DeformationDegree:
    body = body_mask(comparable(fixed)).astype(np.uint8)
    labels = fixed.with_array(body, is_labelmap=True, unit="", modality="")
    offset = read_offset(folder / OFFSET_FILE).moving_from_fixed
    degree = degree_of_field(displacement, fixed.geometry, offset, labels)
    with finished_file(folder / "deformation_degree.json") as temporary:
        text = json.dumps(asdict(degree), indent=2) + "\n"
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return degree
