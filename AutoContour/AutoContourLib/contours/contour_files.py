"""Contours of one scan as files: RTSTRUCT, segmentation, label map, pictures, report, result."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from AutoContourLib.contours.axial_series import (
    AXIAL_FOLDER,
    OBLIQUE_DEG,
    tilt_deg,
    write_axial_series,
)
from AutoContourLib.contours.by_modality import contour_by_modality
from AutoContourLib.contours.contour_settings import ContourSettings, RtstructSettings
from AutoContourLib.contours.contouring import Contours
from AutoContourLib.contours.ct_grid import mask_on
from AutoContourLib.contours.rtstruct_writer import write_rtstruct
from AutoContourLib.contours.structure_set import RegionMask
from AutoContourLib.contours.volume_report import write_volume_report
from MedImageLib import __version__
from MedImageLib.errors import InputError, Remark
from MedImageLib.results import (
    Measurement,
    ModelUsed,
    QualityFlag,
    Result,
    Timing,
    input_identity,
)
from MedImageLib.settings import settings_to_dict
from MedImageLib.terminology import Structure, structure
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file
from MedImageLib.writing.nrrd import write_segmentation, write_volume

RTSTRUCT_FILE = "rtstruct.dcm"
SEGMENTATION_FILE = "segmentation.seg.nrrd"
DICOM_SEG_FILE = "segmentation.dcm"
DICOM_SR_FILE = "volumes.dcm"
LABELS_FILE = "labels.nii.gz"
NAMES_FILE = "labels.json"
# Masks of all structures lie in memory at once while a DICOM SEG is made.
_MOST_SEG_BYTES = 400e6
PLANES = {"k": "axial", "j": "coronal", "i": "sagittal"}


def contour_image(scan: Volume, settings: ContourSettings | None = None) -> tuple[Contours, Result]:
    """Contours and result of a scan; nothing is written. Raises as contouring does."""
    settings = settings or ContourSettings()
    started = time.monotonic()
    contours = contour_by_modality(scan, settings)
    return contours, contour_result(contours, settings, time.monotonic() - started)


def contour_scan(
    scan: Volume,
    folder: Path,
    settings: ContourSettings | None = None,
    rtstruct: RtstructSettings | None = None,
) -> Result:
    """Contour a scan and write everything below `folder`; returns the result, not yet written."""
    settings, rtstruct = settings or ContourSettings(), rtstruct or RtstructSettings()
    started = time.monotonic()
    contours = contour_by_modality(scan, settings)
    remarks = write_contours(contours, folder, rtstruct)
    seconds = time.monotonic() - started
    return contour_result(contours, settings, seconds, remarks)


def write_contours(
    contours: Contours, folder: Path, rtstruct: RtstructSettings | None = None
) -> tuple[Remark, ...]:
    """Write segmentation.seg.nrrd, labels.nii.gz, labels.json and, of a DICOM series, rtstruct.dcm,
    segmentation.dcm and volumes.dcm; of tilted slices the RTSTRUCT lies on a derived series in
    axial_series.

    The DICOM objects hold whole masks; in the label map smaller structures lie on top of larger
    ones. Returns a remark on each object that could not be written.
    """
    labels, keys = contours.label_map()
    structures = {value: structure(key) for value, key in keys.items()}
    names = {value: entry.tg263_name or entry.key for value, entry in structures.items()}
    write_volume(labels, folder / LABELS_FILE)
    with finished_file(folder / NAMES_FILE) as temporary:
        text = json.dumps({str(value): name for value, name in sorted(names.items())}, indent=1)
        temporary.write_text(text + "\n", "utf-8")
    if structures:
        write_segmentation(labels, structures, folder / SEGMENTATION_FILE)
    if "dicom_source" not in contours.scan.tags:
        return ()
    if not contours.masks:
        return (Remark("no-rtstruct", "Nothing was found; there are no DICOM objects."),)
    remarks: list[Remark] = []
    scan, tilt = contours.scan, tilt_deg(contours.scan.geometry)
    try:
        if tilt > OBLIQUE_DEG:
            scan = write_axial_series(scan, folder / AXIAL_FOLDER)
            text = (
                f"The slices are tilted by {tilt:.1f}° from axial. The RTSTRUCT lies on a derived "
                f"axial series in {AXIAL_FOLDER}; label map and DICOM SEG lie on the series itself."
            )
            remarks.append(Remark("rtstruct-on-axial-series", text))
        write_rtstruct(_regions_on(scan, contours), scan, folder / RTSTRUCT_FILE, rtstruct)
    except InputError as error:
        remarks = [Remark("no-rtstruct", f"No RTSTRUCT was written. {error}")]
    try:
        remarks += _write_dicom_seg(contours, labels, structures, folder / DICOM_SEG_FILE)
    except InputError as error:
        remarks.append(Remark("no-dicom-seg", f"No DICOM SEG was written. {error}"))
    try:
        write_volume_report(contours, folder / DICOM_SR_FILE)
    except InputError as error:
        remarks.append(Remark("no-dicom-sr", f"No DICOM SR of the volumes was written. {error}"))
    return tuple(remarks)


def _regions_on(scan: Volume, contours: Contours) -> list[RegionMask]:
    """Regions on the scan that was contoured, or on one of another grid."""
    same = scan is contours.scan
    return [
        RegionMask(
            structure(key).tg263_name or structure(key).key,
            scan.with_array(mask if same else mask_on(mask, contours.scan.geometry, scan.geometry)),
            structure(key),
            origin=contours.origin(key),
        )
        for key, mask in contours.masks.items()
    ]


def _write_dicom_seg(
    contours: Contours, labels: Volume, structures: Mapping[int, Structure], path: Path
) -> list[Remark]:
    """A DICOM SEG of the masks; of a very large scan of the label map, with a remark.

    Raises InputError where the series does not allow one.
    """
    from MedImageLib.writing.dicom_seg import write_dicom_masks, write_dicom_seg

    scan, masks = contours.scan, contours.masks
    source = scan.tags["dicom_source"]
    planes = [source.slice_of_plane[k] for k in range(len(scan.array))]
    if None in planes:
        raise InputError(
            f"{planes.count(None)} slices of the series are missing and were interpolated; a SEG "
            "refers to an image on every slice."
        )
    sources = [source.files[plane] for plane in planes]
    name = contours.model[0] if contours.model else "MedImage AutoContour"
    words = f"Contours on {scan.modality or 'image'}"
    # Made again of the same images, the same contours are the same instance.
    seed = "\n".join([__version__, name, words, *masks])
    if scan.array.size * len(masks) > _MOST_SEG_BYTES:
        write_dicom_seg(
            labels, structures, sources, path, algorithm_name=name, description=words, seed=seed
        )
        text = "In the DICOM SEG of this large scan smaller structures are cut out of larger ones."
        return [Remark("seg-without-overlaps", text)]
    volumes = {
        structure(key): scan.with_array(mask, is_labelmap=True) for key, mask in masks.items()
    }
    write_dicom_masks(volumes, sources, path, algorithm_name=name, description=words, seed=seed)
    return []


def contour_result(
    contours: Contours,
    settings: ContourSettings,
    seconds: float,
    remarks: tuple[Remark, ...] = (),
) -> Result:
    """Volumes, checks and remarks as the common result."""
    voxel_ml = contours.scan.geometry.voxel_volume_mm3 / 1000
    values = [
        Measurement(f"{key}_volume", float(mask.sum()) * voxel_ml, "mL")
        for key, mask in contours.masks.items()
    ]
    values += [
        Measurement(f"{check.structure}_volume", None, "mL", text=f"{check.state}: {check.text}")
        for check in contours.checks
        if check.structure not in contours.masks
    ]
    organs = [check for check in contours.checks if check.state == "kept"]
    flags = [
        QualityFlag(
            f"organ-{check.structure.replace('_', '-')}",
            "satisfied" if check.state == "kept" else "not_assessable",
            f"{check.structure.replace('_', ' ').capitalize()}: {check.state}"
            + (", reaches the end of the scan." if check.cut else "."),
        )
        for check in contours.checks
    ]
    flags.append(QualityFlag("reviewed", "not", "Made by a program; not reviewed by a person yet."))
    names = ", ".join(structure(key).name.lower() for key in contours.masks) or "nothing"
    model = contours.model
    return Result(
        module="AutoContour",
        task="contour",
        inputs=(input_identity(contours.scan),),
        values=tuple(values),
        flags=tuple(flags),
        findings=(f"Contoured, to be reviewed: {names}. {len(organs)} organs by the network.",),
        warnings=(*contours.remarks, *remarks),
        models=(ModelUsed(*model),) if model else (),
        timings=(
            *(Timing(step, value) for step, value in contours.seconds.items()),
            Timing("all", seconds),
        ),
        settings=settings_to_dict(settings) | {"level_used": contours.level},
    )


def write_contour_report(contours: Contours, result: Result, folder: Path) -> None:
    """overlay.png and report.html with three planes through the middle of the organs."""
    from MedImageLib.report import Picture, report_of, write_report
    from MedImageLib.report.slices import slice_picture

    labels, keys = contours.label_map()
    names = {value: structure(key).name for value, key in keys.items()}
    organs = [key for key in contours.masks if key not in ("body", "bone")]
    shown = contours.masks[organs[0]] if organs else labels.array > 0
    middle = np.argwhere(shown).mean(0) if shown.any() else np.array(shown.shape) / 2
    pictures = [
        Picture(
            slice_picture(
                contours.scan, labels, axis=axis, index=round(at), names=names, size_px=480
            ),
            f"{word.capitalize()} slice with the contours.",
        )
        for (axis, word), at in zip(PLANES.items(), middle.tolist(), strict=True)
    ]
    with finished_file(folder / "overlay.png") as temporary:
        temporary.write_bytes(pictures[0].png)
    write_report(folder / "report.html", report_of(result, "Contours", pictures))


def process_scan(
    scan: Volume,
    folder: Path,
    settings: ContourSettings,
    rtstruct: RtstructSettings,
    report: bool = True,
) -> Result:
    """Contours with report, as the command and the batch write them."""
    started = time.monotonic()
    contours = contour_by_modality(scan, settings)
    return finished_contours(contours, folder, settings, rtstruct, started, report)


def finished_contours(
    contours: Contours,
    folder: Path,
    settings: ContourSettings,
    rtstruct: RtstructSettings,
    started: float,
    report: bool = True,
) -> Result:
    """All files of contours that were made since `started` (monotonic), with an open review."""
    from AutoContourLib.contours.review import open_review

    remarks = write_contours(contours, folder, rtstruct)
    result = contour_result(contours, settings, time.monotonic() - started, remarks)
    if report:
        write_contour_report(contours, result, folder)
    open_review(folder, {key: contours.origin(key) for key in contours.masks})
    return replace(
        result, timings=(*result.timings[:-1], Timing("all", time.monotonic() - started))
    )
