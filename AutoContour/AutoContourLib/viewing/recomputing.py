"""What a person asks to be computed anew, as functions for a process of its own.

An edited offset is kept as it is and the displacement field follows from it; another way of fusing
makes another fused image. Each result appears in one step, whole, or the old one stays.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from AutoContourLib.registration.deformable_settings import DeformableSettings
from AutoContourLib.registration.deformation_degree import degree_of_field
from AutoContourLib.registration.fusion import FusionSettings, fuse
from AutoContourLib.registration.gray_values import body_mask, comparable
from AutoContourLib.registration.offset import RigidOffset
from AutoContourLib.registration.output import refused_field, register_files
from AutoContourLib.registration.rigid_settings import RigidSettings
from AutoContourLib.registration.working_grid import working_image
from AutoContourLib.viewing import result_files as files
from MedImageLib.background.progress import tell
from MedImageLib.errors import Remark
from MedImageLib.geometry import Geometry
from MedImageLib.resampling import geometry_of
from MedImageLib.results import Result, output_files, read_result, write_result
from MedImageLib.settings import settings_from_dict
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file, finished_folder
from MedImageLib.writing.nrrd import write_volume

S = TypeVar("S")


def register_from_offset(folder: Path, place: str, offset: RigidOffset) -> str:
    """Register a pair of a study anew from an offset that a person gave; what came of it in words.

    The offset is kept, only the field is computed, with the settings of before. Registration
    objects are left out: they would have to name images that do not lie with the results.
    """
    tell(0.02, "Reading both images")
    pair = folder / files.REGISTRATIONS / place
    before = read_result(pair)
    fixed = working_image(files.planning_image(folder))
    moving = working_image(files.moving_image(folder, place))
    rigid = replace(_settings(before, RigidSettings), search=False, refine=False)
    with finished_folder(pair, replace=True) as made:
        tell(0.1, "Displacement field")
        result = register_files(
            fixed, moving, made, rigid, offset, _settings(before, DeformableSettings)
        )
        remark = Remark(
            "offset-by-a-person",
            "The offset was given by a person and kept; DICOM registration objects of it are not "
            "written here.",
        )
        result = replace(result, inputs=before.inputs, warnings=(*result.warnings, remark))
        field = _field(made)
        if field is not None and all(flag.state == "satisfied" for flag in result.flags):
            tell(0.8, "Fused image and deformation")
            if (pair / files.FUSED_FILE).is_file():
                settings = read_fusion(pair)
                fused = fuse(fixed, moving, settings, displacement_mm=field[0])
                write_volume(fused.volume, made / files.FUSED_FILE)
                _write_fusion(made, settings)
            if (pair / files.DEGREE_FILE).is_file():
                _write_degree(fixed, field, offset, made)
        tell(0.97, "Putting in place")
        write_result(made, replace(result, files=output_files(made)))
    return " ".join(result.findings)


def fuse_anew(folder: Path, place: str, settings: FusionSettings) -> str:
    """Fuse the images of a pair another way; the measures of it in words.

    By the rigid offset alone where registration says not to use the field.
    """
    tell(0.05, "Reading both images")
    pair = folder / files.REGISTRATIONS / place
    fixed = working_image(files.planning_image(folder))
    moving = working_image(files.moving_image(folder, place))
    field = None if refused_field(read_result(pair)) else _field(pair)
    tell(0.4, f"Fusing by {settings.method}")
    if field is not None:
        fused = fuse(fixed, moving, settings, displacement_mm=field[0])
    else:
        from AutoContourLib.registration.output import OFFSET_FILE, read_offset

        matrix = read_offset(pair / OFFSET_FILE).moving_from_fixed
        fused = fuse(fixed, moving, settings, moving_from_fixed=matrix)
    write_volume(fused.volume, pair / files.FUSED_FILE)
    _write_fusion(pair, settings)
    one = fused.measure
    return (
        f"Fused by {settings.method}: {one.edges_kept:.0%} of the edges kept, "
        f"entropy {one.entropy_bit:.1f} bit."
    )


def read_fusion(pair: Path) -> FusionSettings:
    """How the fused image of a pair was made; the defaults where nothing says otherwise."""
    try:
        values = json.loads((pair / files.FUSION_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return FusionSettings()
    return settings_from_dict(values, FusionSettings, files.FUSION_FILE)


def _write_fusion(pair: Path, settings: FusionSettings) -> None:
    with finished_file(pair / files.FUSION_FILE) as temporary:
        temporary.write_text(json.dumps(asdict(settings), indent=1) + "\n", "utf-8")


def _settings(result: Result, settings_class: type[S]) -> S:
    """Those of the settings of a result that the class knows."""
    known = {field.name for field in fields(settings_class)}  # type: ignore[arg-type]
    values: dict[str, Any] = {k: v for k, v in result.settings.items() if k in known}
    return settings_from_dict(values, settings_class, "Registration of before")


def _field(pair: Path) -> tuple[np.ndarray, Geometry] | None:
    import SimpleITK as sitk

    path = pair / files.DISPLACEMENT_FILE
    if not path.is_file():
        return None
    image = sitk.ReadImage(str(path))
    return sitk.GetArrayFromImage(image), geometry_of(image)


def _write_degree(
    fixed: Volume, field: tuple[np.ndarray, Geometry], offset: RigidOffset, folder: Path
) -> None:
    """As the study's processing measures it: of the whole body."""
    body = body_mask(comparable(fixed)).astype(np.uint8)
    labels = fixed.with_array(body, is_labelmap=True, unit="", modality="")
    degree = degree_of_field(field[0], field[1], offset.moving_from_fixed, labels)
    with finished_file(folder / files.DEGREE_FILE) as temporary:
        text = json.dumps(asdict(degree), indent=2) + "\n"
        temporary.write_text(text, encoding="utf-8", newline="\n")
