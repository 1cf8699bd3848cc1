"""Files of a rigid registration: offset, transform for Slicer, moved image, result, report."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from AutoContourLib.registration.gray_values import comparable
from AutoContourLib.registration.offset import RigidOffset, write_offset_transform
from AutoContourLib.registration.rigid import RigidRegistration, least_agreement, register_rigid
from AutoContourLib.registration.rigid_settings import RigidSettings
from MedImageLib.errors import InputError
from MedImageLib.report import Picture, report_of, write_report
from MedImageLib.report.slices import slice_picture
from MedImageLib.resampling import resampled
from MedImageLib.results import Measurement, QualityFlag, Result, Timing, input_identity
from MedImageLib.settings import settings_to_dict
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file
from MedImageLib.writing.nrrd import write_volume

OFFSET_FILE = "offset.json"
_TILE_MM = 30.0


def register_files(
    fixed: Volume,
    moving: Volume,
    folder: Path,
    settings: RigidSettings,
    start: RigidOffset | None = None,
) -> Result:
    """Register, write offset.json, rigid.tfm, moved.nrrd and report.html, return the result.

    Raises what `register_rigid` raises.
    """
    begun = time.monotonic()
    begin = np.eye(4) if start is None else start.moving_from_fixed
    found = register_rigid(fixed, moving, settings, begin)
    seconds = time.monotonic() - begun
    write_offset(found.offset, folder / OFFSET_FILE)
    write_offset_transform(found.offset, folder / "rigid.tfm")
    moved = resampled(moving, fixed.geometry, found.moving_from_fixed)
    write_volume(moved, folder / "moved.nrrd")
    result = registration_result(fixed, moving, found, settings, seconds)
    unmoved = resampled(moving, fixed.geometry, begin)
    pictures = [
        Picture(
            slice_picture(checkerboard(fixed, image), axis=axis, size_px=420),
            f"Checkerboard of fixed and moving image, {plane}, {word} registration.",
        )
        for axis, plane in (("k", "axial"), ("j", "coronal"))
        for word, image in (("before", unmoved), ("after", moved))
    ]
    write_report(folder / "report.html", report_of(result, "Rigid registration", pictures))
    return result


def registration_result(
    fixed: Volume,
    moving: Volume,
    found: RigidRegistration,
    settings: RigidSettings,
    seconds: float,
) -> Result:
    """The six numbers, how well the images fit, and whether that may be used."""
    offset = found.offset
    numbers = [
        Measurement(f"{word}_{axis}", value, unit)
        for word, unit, values in (
            ("translation", "mm", offset.translation_mm),
            ("rotation", "deg", offset.rotation_deg),
            ("rotation_center", "mm", offset.center_mm),
        )
        for axis, value in zip("xyz", values, strict=True)
    ]
    numbers += [
        Measurement("similarity_before", found.before.score, "1"),
        Measurement("similarity_after", found.after.score, "1"),
        Measurement("common_body", found.after.overlap, "1"),
        Measurement("edge_agreement", found.after.agreement, "1"),
    ]
    shift = float(np.linalg.norm(offset.translation_mm))
    verdict = "" if found.usable else "DO NOT USE: " + found.remarks[0].text + " "
    return Result(
        module="AutoContour",
        task="register",
        inputs=(input_identity(fixed, "fixed"), input_identity(moving, "moving")),
        values=tuple(numbers),
        flags=(
            QualityFlag(
                "registration-usable",
                "satisfied" if found.usable else "not",
                "The images overlap and their edges agree."
                if found.usable
                else found.remarks[0].text,
                found.after.agreement,
                least_agreement(fixed, moving, settings),
            ),
        ),
        findings=(
            f"{verdict}Rigid offset of {shift:.1f} mm and {offset.turn_deg:.1f}° about the middle "
            "of the fixed image.",
        ),
        warnings=(*fixed.remarks, *moving.remarks, *found.remarks),
        timings=(Timing("registration", seconds),),
        settings=settings_to_dict(settings),
    )


def checkerboard(fixed: Volume, moved: Volume) -> Volume:
    """Tiles of both images in turn, 3 cm wide, each image on its own gray scale 0 … 1."""
    tiles = np.zeros(fixed.geometry.shape, int)
    for axis, (size, spacing) in enumerate(
        zip(fixed.geometry.shape, fixed.geometry.spacing_mm[::-1], strict=True)
    ):
        line = (np.arange(size) * spacing // _TILE_MM).astype(int)
        tiles += line.reshape([-1 if n == axis else 1 for n in range(3)])
    values = np.where(tiles % 2 == 0, comparable(fixed).array, comparable(moved).array)
    return replace(fixed, array=values, modality="", unit="", remarks=(), tags={})


def write_offset(offset: RigidOffset, path: Path | str) -> None:
    """Write the six numbers and the center as JSON; a person may edit them."""
    values = {
        **asdict(offset),
        "convention": "moving = R (fixed - center) + center + translation; LPS mm; "
        "R turns about x, then y, then z",
        "moving_from_fixed": offset.moving_from_fixed.tolist(),
    }
    with finished_file(path) as temporary:
        temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8", newline="\n")


def read_offset(path: Path | str) -> RigidOffset:
    """The six numbers of a file by `write_offset`; the matrix in it is not read.

    Raises InputError naming the file.
    """
    path = Path(path)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return RigidOffset(*(values[n] for n in ("translation_mm", "rotation_deg", "center_mm")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path.name}: no offset could be read ({error}); expected translation_mm, "
            "rotation_deg and center_mm of three numbers each."
        ) from error
