"""Result, pictures, report and scene of a study's overview."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from AutoContourLib.study.overview import BODY, StudyOverview
from MedImageLib.report import Picture, report_of, write_report
from MedImageLib.report.slices import slice_picture
from MedImageLib.results import Measurement, QualityFlag, Result, Timing, input_identity
from MedImageLib.settings import settings_to_dict
from MedImageLib.writing.atomic import finished_file
from MedImageLib.writing.nrrd import write_segmentation

NAMES = {BODY: "body"}
PLANES = {"k": "axial", "j": "coronal", "i": "sagittal"}


def write_outputs(folder: Path, study: StudyOverview, settings: Any, seconds: float) -> Result:
    """Write body.seg.nrrd, overlay.png, report.html and scene.mrb; return the result."""
    from MedImageLib.terminology import structure

    result = _result_of(study, settings, seconds)
    write_segmentation(study.body, {BODY: structure("body")}, folder / "body.seg.nrrd")
    pictures = [
        Picture(
            slice_picture(study.planning, study.body, axis=axis, names=NAMES, size_px=480),
            f"Planning CT, {word}, body outline.",
        )
        for axis, word in PLANES.items()
    ]
    pictures += [
        Picture(
            slice_picture(other, study.body, axis=axis, names=NAMES, size_px=480),
            f"Further image {number} ({other.modality}), {PLANES[axis]}, on the grid of the "
            "planning CT with its body outline, not registered.",
        )
        for number, other in enumerate(study.on_planning_grid, start=1)
        for axis in ("k", "i")
    ]
    with finished_file(folder / "overlay.png") as temporary:
        temporary.write_bytes(pictures[0].png)
    write_report(folder / "report.html", report_of(result, "Radiotherapy study", pictures))
    if settings.scene:
        from MedImageLib.study_scene import write_study_scene

        write_study_scene(
            folder / "scene.mrb",
            study.planning,
            [study.body],
            NAMES,
            result,
            "Planning CT",
            others={f"Image {n} {v.modality}": v for n, v in enumerate(study.others, start=1)},
        )
    return result


def _result_of(study: StudyOverview, settings: Any, seconds: float) -> Result:
    images = (study.planning, *study.others)
    modalities = ", ".join(image.modality or "unknown" for image in study.others) or "none"
    same = not any(r.code == "other-frame-of-reference" for r in study.remarks)
    return Result(
        module="AutoContour",
        task="study",
        inputs=tuple(
            input_identity(image, role="planning" if image is study.planning else "further")
            for image in images
        ),
        values=(Measurement("body_volume", study.body_volume_ml, "mL"),),
        flags=(
            QualityFlag(
                "one-frame-of-reference",
                "satisfied" if same else "not",
                "All images share a frame of reference."
                if same
                else "Images have different frames of reference.",
            ),
        ),
        findings=(f"Planning CT with {len(study.others)} further images ({modalities}).",),
        warnings=study.remarks,
        timings=(Timing("reading and overview", seconds),),
        settings=settings_to_dict(settings),
    )
