"""Result, label maps, curve, report and scene of one short-axis cine."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from CardiacLVLib.segmentation import CAVITY, CineSegmentation
from MedImageLib.errors import MedImageError
from MedImageLib.report import Picture, report_of, write_report
from MedImageLib.report.curves import curve_picture
from MedImageLib.report.slices import slice_picture
from MedImageLib.results import (
    Curve,
    Measurement,
    ModelUsed,
    QualityFlag,
    Result,
    Timing,
    input_identity,
)
from MedImageLib.settings import settings_to_dict
from MedImageLib.volume import VolumeSequence
from MedImageLib.writing.atomic import finished_file

MYOCARDIUM_G_PER_ML = 1.05


def write_outputs(
    folder: Path, cine: VolumeSequence, found: CineSegmentation, settings: Any
) -> Result:
    """Write all files but result.json into the folder and return the result."""
    result = result_of(cine, found, settings)
    _write_labels(folder / "labels.nii.gz", cine, found)
    _write_table(folder / "volumes.csv", cine, found)
    pictures = _pictures(cine, found, result)
    with finished_file(folder / "overlay.png") as temporary:
        temporary.write_bytes(pictures[len(pictures) // 4].png)
    write_report(
        folder / "report.html", report_of(result, "Short-axis cine MR: left ventricle", pictures)
    )
    if settings.scene:
        from MedImageLib.study_scene import write_study_scene

        write_study_scene(
            folder / "scene.mrb",
            cine,
            found.labels,
            found.models[1].structures,
            result,
            "Cine",
            shown_frame=found.ed_frame or 0,
        )
    return result


def result_of(cine: VolumeSequence, found: CineSegmentation, settings: Any) -> Result:
    """Volumes, ejection fraction, mass at end diastole, and the cavity over time."""
    values, curves, findings = [], [], []
    whole = found.cavity_volume_ml is not None and found.ed_frame is not None
    reason = "" if whole else "Not assessable: no ventricle, one slice, or unknown spacing."
    numbers: dict[str, tuple[float | None, str]] = {
        "end_diastolic_volume": (None, "mL"),
        "end_systolic_volume": (None, "mL"),
        "stroke_volume": (None, "mL"),
        "ejection_fraction": (None, "%"),
        "myocardial_mass_end_diastole": (None, "g"),
    }
    if found.cavity_volume_ml is not None and found.ed_frame is not None:
        assert found.myocardium_volume_ml is not None
        edv = float(found.cavity_volume_ml[found.ed_frame])
        esv = float(found.cavity_volume_ml[found.es_frame])
        mass = float(found.myocardium_volume_ml[found.ed_frame]) * MYOCARDIUM_G_PER_ML
        for name, value in zip(
            numbers, (edv, esv, edv - esv, 100 * (edv - esv) / edv, mass), strict=True
        ):
            numbers[name] = (value, numbers[name][1])
        findings.append(
            f"Left ventricle {edv:.0f} mL at end diastole (frame {found.ed_frame + 1}), "
            f"{esv:.0f} mL at end systole (frame {(found.es_frame or 0) + 1}), "
            f"ejection fraction {100 * (edv - esv) / edv:.0f} %."
        )
    elif found.ed_frame is None:
        findings.append("No left ventricle was found; nothing was measured.")
    values = [Measurement(n, v, unit, text=reason) for n, (v, unit) in numbers.items()]
    if found.cavity_volume_ml is not None:
        curves.append(
            Curve(
                "cavity_volume",
                tuple(found.cavity_volume_ml.tolist()),
                "mL",
                tuple(map(float, cine.index_values)),
                cine.index_name,
                cine.index_unit,
            )
        )
    flags = (
        QualityFlag(
            "ventricle-found",
            "not" if found.ed_frame is None else "satisfied",
            "A left ventricle is seen."
            if found.ed_frame is not None
            else "No left ventricle is seen.",
        ),
    )
    return Result(
        module="CardiacLV",
        task="cine",
        inputs=(input_identity(cine.frames[0], frames=len(cine.frames)),),
        values=tuple(values),
        curves=tuple(curves),
        flags=flags,
        findings=tuple(findings),
        warnings=found.remarks,
        models=tuple(
            ModelUsed(m.card.name, m.card.version, m.weights_sha256) for m in found.models
        ),
        timings=(Timing("segmentation", found.seconds),),
        settings=settings_to_dict(settings),
    )


def _write_labels(path: Path, cine: VolumeSequence, found: CineSegmentation) -> None:
    """Four-dimensional NIfTI; time step in milliseconds, so that viewers play it in time."""
    import nibabel

    array = np.stack([labels.array for labels in found.labels])
    image = nibabel.Nifti1Image(
        np.ascontiguousarray(array.transpose(3, 2, 1, 0)), cine.frames[0].geometry.ras_from_index
    )
    steps = np.diff(cine.index_values)
    step = float(np.median(steps)) if len(steps) else 1.0
    image.header.set_zooms((*cine.frames[0].geometry.spacing_mm, step))
    image.header.set_xyzt_units("mm", "msec")
    with finished_file(path) as temporary:
        nibabel.save(image, temporary)


def _write_table(path: Path, cine: VolumeSequence, found: CineSegmentation) -> None:
    known = cine.frames[0].geometry.spacing_known
    with (
        finished_file(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.writer(stream)
        writer.writerow(
            ["frame", f"{cine.index_name}_{cine.index_unit}", "cavity_volume_ml"]
            + [f"cavity_area_slice{n}_mm2" for n in range(found.cavity_area_mm2.shape[1])]
        )
        for frame, index in enumerate(cine.index_values):
            volume = "" if found.cavity_volume_ml is None else found.cavity_volume_ml[frame]
            areas = found.cavity_area_mm2[frame] if known else [""] * len(found.cavity_area_mm2[0])
            writer.writerow([frame, index, volume, *areas])


def _pictures(cine: VolumeSequence, found: CineSegmentation, result: Result) -> list[Picture]:
    if found.ed_frame is None or found.es_frame is None:
        return [Picture(slice_picture(cine.frames[0]), "Middle slice of the first frame.")]
    pictures = []
    for frame, word in ((found.ed_frame, "End diastole"), (found.es_frame, "End systole")):
        for plane, place in _planes(found, frame):
            picture = slice_picture(
                cine.frames[frame],
                found.labels[frame],
                index=plane,
                names=found.models[1].structures,
                size_px=480,
            )
            pictures.append(Picture(picture, f"{word}, {place} slice {plane + 1}."))
    if result.curves:
        times = cine.index_values
        marks = [(times[found.ed_frame], "ED"), (times[found.es_frame], "ES")]
        curve = curve_picture(result.curves, marks, "Cavity volume over one beat")
        pictures.append(Picture(curve, "Cavity volume over time with end diastole and systole."))
    return pictures


def _planes(found: CineSegmentation, frame: int) -> list[tuple[int, str]]:
    """Slices at a sixth, half and five sixths of those that show the ventricle."""
    shown = np.flatnonzero((found.labels[frame].array == CAVITY).any((1, 2)))
    if not len(shown):
        raise MedImageError("The frame shows no ventricle; choose another.")
    places = [
        shown[min(len(shown) - 1, int(len(shown) * share))] for share in (1 / 6, 1 / 2, 5 / 6)
    ]
    chosen: dict[int, str] = {}
    for plane, word in zip(places, ("first", "middle", "last"), strict=True):
        chosen.setdefault(int(plane), word)
    return list(chosen.items())
