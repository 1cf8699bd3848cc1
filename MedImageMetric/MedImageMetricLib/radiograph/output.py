"""The files of one radiograph: label map, masks, picture, report, scene, DICOM objects.

Label map and masks lie on the input's own pixel grid; result.json is the caller's.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from MedImageLib.errors import InputError, Remark
from MedImageLib.results import Result
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file
from MedImageMetricLib.radiograph.analysis import RadiographAnalysis
from MedImageMetricLib.radiograph.label_map import LABELS, input_labels, object_masks
from MedImageMetricLib.radiograph.result import result_of, with_step
from MedImageMetricLib.radiograph.settings import MetricSettings


def write_outputs(
    folder: Path,
    analysis: RadiographAnalysis,
    settings: MetricSettings,
    source: Path | None = None,
) -> Result:
    """Write all files but result.json into the folder and return the result.

    labels.png, masks/<object>.png, labels.seg.nrrd, overlay.png, notification.txt; report.html
    and scene.mrb where the settings say so; labels.seg.dcm and report.sr.dcm where the source
    is a DICOM file.
    """
    from MedImageLib.writing.nrrd import write_segmentation
    from MedImageMetricLib.radiograph.assessment import notification
    from MedImageMetricLib.radiograph.pictures import analysis_picture

    started = time.monotonic()
    labels, _ = input_labels(analysis)
    _write_png(folder / "labels.png", labels.array[0])
    for name, mask in object_masks(analysis.detections).items():
        _write_png(folder / "masks" / f"{name}.png", np.uint8(255) * analysis.as_found(mask))
    structures = {value: structure(name) for value, name in LABELS.items()}
    write_segmentation(labels, structures, folder / "labels.seg.nrrd")
    with finished_file(folder / "notification.txt") as temporary:
        temporary.write_text(notification(analysis.assessment) + "\n", encoding="utf-8")
    picture = analysis_picture(analysis)
    with finished_file(folder / "overlay.png") as temporary:
        temporary.write_bytes(picture)

    result = result_of(analysis, settings)
    if source is not None and settings.dicom:
        remarks = _write_dicom(folder, analysis, source)
        result = _with_remarks(result, remarks)
    result = with_step(result, "label map, masks, picture", time.monotonic() - started)
    if settings.report:
        from MedImageMetricLib.radiograph.report import write_radiograph_report

        write_radiograph_report(folder / "report.html", analysis, result, picture)
    if settings.scene:
        _write_scene(folder / "scene.mrb", analysis, labels, result)
    return result


def _write_png(path: Path, array: np.ndarray) -> None:
    from PIL import Image

    with finished_file(path) as temporary:
        Image.fromarray(array.astype(np.uint8, copy=False)).save(temporary)


def _write_dicom(folder: Path, analysis: RadiographAnalysis, source: Path) -> tuple[Remark, ...]:
    """Segmentation and report; a source whose header does not allow them is told, not fatal."""
    from MedImageMetricLib.radiograph.structured_report import write_structured_report

    try:
        write_structured_report(folder, analysis, source)
    except InputError as error:
        text = f"No DICOM objects were written: {str(error).replace(str(source), 'the source')}"
        return (Remark("no-dicom-objects", text),)
    return ()


def _with_remarks(result: Result, remarks: tuple[Remark, ...]) -> Result:
    return replace(result, warnings=(*result.warnings, *remarks))


def _write_scene(path: Path, analysis: RadiographAnalysis, labels: Volume, result: Result) -> None:
    from MedImageLib.study_scene import SceneTable, write_study_scene

    # Lines of the ratio alone: all conditions at once would hide the picture.
    shown = replace(
        result,
        values=tuple(
            one if one.name == "cardiothoracic_ratio" else replace(one, geometry=())
            for one in result.values
        ),
    )
    conditions = [
        {"condition": flag.text, "state": flag.state, "value": flag.value, "limit": flag.threshold}
        for flag in result.flags
    ]
    write_study_scene(
        path,
        analysis.volume,
        [labels],
        {value: name for value, name in LABELS.items() if (labels.array == value).any()},
        shown,
        "Radiograph",
        tables=[SceneTable("Radiograph conditions", conditions)],
    )
