"""A processed study as a workstation takes it: images, one registered pair, contours, review.

Read from the files of its result alone, which lie in a folder of this machine or were fetched from
a server; the source of the study is not needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from AutoContourLib.contours.review import REVIEW_FILE, Reviewed, read_review
from AutoContourLib.registration.image_pair import RegisteredPair, pair_kind
from AutoContourLib.registration.output import OFFSET_FILE, read_offset, refused_field
from AutoContourLib.viewing import result_files as files
from AutoContourLib.viewing.plan_question import stored_degree
from MedImageLib.background.progress import tell
from MedImageLib.errors import Remark
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.resampling import geometry_of
from MedImageLib.results import RESULT_FILE, read_result
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume

_OF_STUDY = (files.SCENE_FILE, RESULT_FILE)
_OF_CONTOURS = (files.LABELS_FILE, files.NAMES_FILE, REVIEW_FILE)
_OF_PAIR = (
    OFFSET_FILE,
    files.DISPLACEMENT_FILE,
    files.FUSED_FILE,
    files.DEGREE_FILE,
    RESULT_FILE,
)


@dataclass(frozen=True, eq=False)
class ReviewedContours:
    """labels: label map on the grid of its image. names: structure of each value. marks: review
    by structure."""

    labels: Volume
    names: dict[int, str]
    marks: Mapping[str, Reviewed]


@dataclass(frozen=True, eq=False)
class StudyContent:
    """contours: by set, `first`, `second`, `target`, those that are there. place: name of the
    pair; empty, with second, pair and fused None, for a study without one."""

    planning: Volume
    contours: dict[str, ReviewedContours]
    place: str = ""
    second: Volume | None = None
    pair: RegisteredPair | None = None
    fused: Volume | None = None


def content_files(folder: Path) -> dict[str, int]:
    """Files of a study that `read_content` reads: names relative to it, with /, and bytes."""
    places = files.pair_places(folder)
    wanted = [*_OF_STUDY, *(f"{files.CONTOURS}/{name}" for name in _OF_CONTOURS)]
    for place in places:
        wanted += [f"{files.REGISTRATIONS}/{place}/{name}" for name in _OF_PAIR]
        for below in (files.SECOND, files.TARGET):
            wanted += [f"{below}/{place}/{name}" for name in _OF_CONTOURS]
    root = folder.resolve()
    found = {}
    for name in wanted:
        path = (folder / name).resolve()
        if path.is_file() and path.is_relative_to(root):
            found[name] = path.stat().st_size
    return found


def read_content(folder: Path, place: str = "") -> StudyContent:
    """The study of a folder with one of its pairs; the first one when none is named.

    Raises InputError and ResultError naming the file.
    """
    tell(0.0, "Reading the images")
    planning = files.planning_image(folder)
    contours = {}
    if (found := _contours(folder / files.CONTOURS)) is not None:
        contours["first"] = found
    places = files.pair_places(folder)
    if not places:
        return StudyContent(planning, contours)
    place = place if place in places else places[0]
    second = files.moving_image(folder, place)
    for name, below in (("second", files.SECOND), ("target", files.TARGET)):
        if (found := _contours(folder / below / place)) is not None:
            contours[name] = found
    tell(0.6, "Reading the registration")
    registration = folder / files.REGISTRATIONS / place
    fused = registration / files.FUSED_FILE
    return StudyContent(
        planning,
        contours,
        place,
        second,
        _pair(registration, planning, second),
        _image(fused) if fused.is_file() else None,
    )


def _contours(folder: Path) -> ReviewedContours | None:
    if not (folder / files.LABELS_FILE).is_file():
        return None
    labels = _image(folder / files.LABELS_FILE)
    labels = labels.with_array(labels.array.astype(np.uint8), is_labelmap=True, unit="")
    marks = read_review(folder) if (folder / REVIEW_FILE).is_file() else ()
    names = {value: structure(name).key for value, name in files.structure_names(folder).items()}
    return ReviewedContours(labels, names, {mark.structure: mark for mark in marks})


def _pair(folder: Path, first: Volume, second: Volume) -> RegisteredPair:
    result = read_result(folder)
    flags = {flag.code: flag for flag in result.flags}
    usable = flags.get("registration-usable")
    displacement, geometry = _displacement(folder / files.DISPLACEMENT_FILE, first.geometry)
    refused = [flag for flag in flags.values() if flag.state != "satisfied"]
    reasons = tuple(Remark(flag.code, flag.text) for flag in refused)
    return RegisteredPair(
        read_offset(folder / OFFSET_FILE),
        usable is None or usable.state != "not",
        displacement,
        geometry,
        displacement is not None and not refused_field(result),
        stored_degree(folder / files.DEGREE_FILE),
        (*reasons, *result.warnings),
        pair_kind(first, second),
    )


def _displacement(path: Path, without: Geometry) -> tuple[np.ndarray | None, Geometry]:
    """Displacement (k, j, i, 3) in mm with its grid; None on the grid `without` when absent."""
    import SimpleITK as sitk

    if not path.is_file():
        return None, without
    field = sitk.ReadImage(str(path))
    return sitk.GetArrayFromImage(field).astype(np.float32), geometry_of(field)


def _image(path: Path) -> Volume:
    volume = read_image(path)
    assert isinstance(volume, Volume)
    return replace(volume, remarks=())
