"""A processed study opened again beside its images: second contours on demand, target contours.

Results name images by their content only, so that the images of a study's folder are matched by
hash; nothing depends on names or places of files.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from AutoContourLib.contours.carrying import carried, read_carrying_field
from AutoContourLib.contours.contour_files import LABELS_FILE, finished_contours
from AutoContourLib.contours.contour_reading import approval_of, read_contours
from AutoContourLib.contours.contour_settings import ContourSettings, RtstructSettings
from AutoContourLib.contours.contouring import Contours
from AutoContourLib.contours.review import is_a_persons
from AutoContourLib.contours.second_contour import Way
from AutoContourLib.contours.structure_set import RegionMask
from AutoContourLib.contours.target_contour import (
    ContourOfImage,
    TargetSettings,
    target_contour,
)
from AutoContourLib.study.second_contours import REGISTRATIONS, SECOND, write_second_contour
from MedImageLib.errors import InputError, Remark
from MedImageLib.results import Result, output_files, read_result, write_result
from MedImageLib.settings import settings_to_dict
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_folder

CONTOURS, TARGET = "contours", "target_contours"


@dataclass(frozen=True, eq=False)
class ProcessedStudy:
    """folder: of the study's result. images: those of the study by the SHA256 of their content."""

    folder: Path
    images: Mapping[str, Volume]

    def first(self) -> Volume:
        """The planning image. Raises InputError when it is not among the images."""
        return self._image(read_result(self.folder), "planning")

    def second(self, place: str) -> Volume:
        """The further image of a pair. Raises InputError when it is not among the images."""
        image = self._image(read_result(self.folder / REGISTRATIONS / place), "moving")
        return replace(image, modality=place.partition("-")[2])

    def _image(self, result: Result, role: str) -> Volume:
        wanted = next((one.sha256 for one in result.inputs if one.role == role), "")
        if wanted not in self.images:
            raise InputError(
                f"{self.folder}: its {role} image is not among the {len(self.images)} images that "
                "were given; name the folder of the study that was processed."
            )
        return self.images[wanted]


def open_study(result: Path, study: Path) -> ProcessedStudy:
    """A processed study with its images.

    result: folder of the study's result, or one that holds a single such. study: folder of its
    images. Raises InputError when either is not there.
    """
    from MedImageLib.batch.cases import find_cases
    from MedImageLib.reading import read_listed

    folder = study_folder(result)
    files = sorted({path for case in find_cases(study) for path in case.files})
    images = [one for one in read_listed(files) if isinstance(one, Volume)]
    return ProcessedStudy(folder, {one.source_sha256: one for one in images})


def study_folder(result: Path) -> Path:
    """The folder of a study's result, in or below the one given. Raises InputError."""
    found = sorted(path.parents[1] for path in result.rglob(f"{CONTOURS}/{LABELS_FILE}"))
    found = [path for path in found if not path.name.startswith(".")]
    if len(found) != 1:
        text = "no processed study" if not found else f"{len(found)} processed studies"
        raise InputError(f"{result}: holds {text}; name the folder of one.")
    return found[0]


def place_in(folder: Path, below: str, place: str) -> str:
    """The pair's folder name below a part of the result; the only one when none is named.

    Raises InputError naming those that are there.
    """
    places = sorted(path.name for path in (folder / below).glob("*") if path.is_dir())
    places = [name for name in places if not name.startswith(".")]
    if place in places or (not place and len(places) == 1):
        return place or places[0]
    raise InputError(
        f"{folder / below}: {f'no pair {place!r}' if place else 'name one of the pairs'}; "
        f"there {'are ' + ', '.join(places) if places else 'is none'}."
    )


def make_second_contour(study: ProcessedStudy, place: str, way: Way) -> Path:
    """The second contour of a pair one way, whatever was chosen before; the folder written.

    One that is there already is kept, the new one lies beside it. Raises InputError.
    """
    place = place_in(study.folder, REGISTRATIONS, place)
    first = read_contours(study.folder / CONTOURS, study.first())
    folder = study.folder / SECOND / place
    if folder.exists():
        folder = folder.with_name(f"{place}-{way}")
    registration = study.folder / REGISTRATIONS / place
    write_second_contour(way, first, study.second(place), registration, folder, "asked for")
    return folder


def make_target_contour(
    study: ProcessedStudy, place: str, settings: TargetSettings | None = None
) -> Path:
    """The target contour of a pair from its approved contours; the folder written.

    It lies on the image that the settings name, with RTSTRUCT and SEG of its series, and waits
    for a review of its own. Raises InputError unless both contours are approved, where the pair
    has no second contour or no usable field, or a person has touched the target that is there.
    """
    started = time.monotonic()
    settings = settings or TargetSettings()
    place = place_in(study.folder, SECOND, place)
    target = study.folder / TARGET / place
    if target.exists() and is_a_persons(target):
        raise InputError(f"{target}: a person has reviewed or edited it; it is left as it is.")
    pair = place if (study.folder / REGISTRATIONS / place).is_dir() else place.rpartition("-")[0]
    images = {"first": study.first(), "second": study.second(pair)}
    folders = {"first": study.folder / CONTOURS, "second": study.folder / SECOND / place}
    on = images[settings.on]
    field = read_carrying_field(
        study.folder / REGISTRATIONS / pair, to_first=settings.on == "first"
    )
    sides: dict[str, ContourOfImage] = {}
    remarks: list[Remark] = []
    for word, folder in folders.items():
        approval, keys = approval_of(folder)
        contours = read_contours(folder, images[word])
        masks = {key: contours.masks[key] for key in keys if key in contours.masks}
        if word != settings.on:
            masks, told = carried(masks, images[word].geometry, on.geometry, field)
            remarks += told
        regions = tuple(
            RegionMask(key, on.with_array(mask), structure(key)) for key, mask in masks.items()
        )
        sides[word] = ContourOfImage(images[word].modality, regions, approval)
    found = target_contour(sides["first"], sides["second"], settings)
    modes = {word: image.modality for word, image in images.items()}
    contours = Contours(
        on,
        {one.name: one.mask.array for one in found.regions},
        remarks=(*found.remarks, *remarks),
        origins={k: f"{word} contour ({modes[word]})" for k, word in found.taken_from.items()},
    )
    return _write_target(contours, target, settings, started)


def _write_target(
    contours: Contours, target: Path, settings: TargetSettings, started: float
) -> Path:
    with finished_folder(target, replace=True) as folder:
        result = finished_contours(
            contours, folder, ContourSettings(), RtstructSettings(label="TARGET"), started
        )
        words = ", ".join(f"{structure(k).name.lower()} from {contours.origin(k)}"
                          for k in contours.masks)  # fmt: skip
        result = replace(
            result,
            task="target-contour",
            findings=(f"Target contour, to be reviewed: {words}.",),
            settings=settings_to_dict(settings),
            warnings=(
                *result.warnings,
                Remark("made-of-approved", "Made of contours that were approved before."),
            ),
        )
        write_result(folder, replace(result, files=output_files(folder)))
    return target
