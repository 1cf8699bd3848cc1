"""Result, pictures, report and scene of a study's overview."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from AutoContourLib.registration.output import refused_field
from AutoContourLib.study.overview import BODY, StudyOverview
from MedImageLib.reading import read_image
from MedImageLib.report import Link, Picture, Table, report_of, write_report
from MedImageLib.report.slices import slice_picture
from MedImageLib.resampling import resampled
from MedImageLib.results import (
    Measurement,
    QualityFlag,
    Result,
    Timing,
    input_identity,
    read_result,
)
from MedImageLib.settings import settings_to_dict
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file
from MedImageLib.writing.nrrd import write_segmentation

NAMES = {BODY: "body"}
PLANES = {"k": "axial", "j": "coronal", "i": "sagittal"}


def write_outputs(folder: Path, study: StudyOverview, result: Result, scene: bool) -> None:
    """Write body.seg.nrrd, overlay.png, report.html and scene.mrb of all that was done.

    Registrations and contours that lie below the folder are shown and linked.
    """
    from MedImageLib.terminology import structure

    write_segmentation(study.body, {BODY: structure("body")}, folder / "body.seg.nrrd")
    pictures = _pictures(folder, study)
    with finished_file(folder / "overlay.png") as temporary:
        temporary.write_bytes(pictures[0].png)
    pages = sorted(path.relative_to(folder) for path in folder.glob("*/**/report.html"))
    links = tuple((Link(page.parent.as_posix(), page.as_posix()),) for page in pages)
    tables = [Table("Pages of the steps", ("step",), links)] if links else []
    report = report_of(result, "Radiotherapy study", pictures, tables)
    write_report(folder / "report.html", report)
    if scene:
        from MedImageLib.study_scene import write_study_scene

        labels, names = _contours(folder, study)
        write_study_scene(
            folder / "scene.mrb",
            study.planning,
            [labels],
            names,
            result,
            "Planning CT",
            others={f"Image {n} {v.modality}": v for n, v in enumerate(study.others, start=1)},
        )


def _contours(folder: Path, study: StudyOverview) -> tuple[Volume, dict[int, str]]:
    """Label map and names of the contours that were made, or of the body's outline alone."""
    contours = folder / "contours"
    if not (contours / "labels.json").is_file():
        return study.body, NAMES
    names = json.loads((contours / "labels.json").read_text("utf-8"))
    labels = read_image(contours / "labels.nii.gz")
    # As it was read: NIfTI keeps places in single precision only.
    labels = replace(labels, is_labelmap=True, geometry=study.planning.geometry)
    found = {int(value): name for value, name in names.items()}
    return (labels, found) if found else (study.body, NAMES)


def _pictures(folder: Path, study: StudyOverview) -> list[Picture]:
    """The planning CT, its contours, and further images on it: registered ones where there are."""

    def shown(image: Volume, axis: str, words: str) -> Picture:
        return Picture(slice_picture(image, study.body, axis=axis, names=NAMES, size_px=480), words)

    pictures = [
        shown(study.planning, axis, f"Planning CT, {word}, body outline.")
        for axis, word in PLANES.items()
    ]
    contours = folder / "contours" / "overlay.png"
    if contours.is_file():
        pictures.append(
            Picture(contours.read_bytes(), "Contours on the planning CT, to be reviewed.")
        )
    for second in sorted(folder.glob("second_contours/*/overlay.png")):
        place, _, mode = second.parent.name.partition("-")
        words = f"Second contour, on image {place} ({mode}), to be reviewed."
        pictures.append(Picture(second.read_bytes(), words))
    moved = sorted(folder.glob("registrations/*/moved.nrrd"))
    for path in moved:
        image = resampled(read_image(path), study.planning.geometry)
        place, _, mode = path.parent.name.partition("-")
        how = (
            "moved by a field that is NOT TO BE USED"
            if refused_field(read_result(path.parent))
            else "registered"
        )
        name = f"Image {place} ({mode}), {how}, with the body outline of the planning CT"
        # A plane across may lie outside of the other image; these show where it ends.
        pictures += [shown(image, axis, f"{name}, {PLANES[axis]}.") for axis in ("j", "i")]
    for number, other in enumerate(study.on_planning_grid if not moved else (), start=1):
        name = f"Further image {number} ({other.modality}), on the grid of the planning CT"
        pictures += [
            shown(other, axis, f"{name} with its body outline, {PLANES[axis]}, not registered.")
            for axis in ("j", "i")
        ]
    return pictures


def overview_result(study: StudyOverview, settings: Any, seconds: float) -> Result:
    """What the overview itself tells; steps add to it."""
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
