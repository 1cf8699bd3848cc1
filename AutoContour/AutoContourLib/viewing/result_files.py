"""Files of a processed study as the browser end reads them: images, offset, contours.

The images come from the study's scene, which is what Slicer opens as well; nothing of the source
is needed, and a scene is a ZIP archive whose volumes are read without unpacking the rest.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

from AutoContourLib.contours.contour_files import LABELS_FILE as LABELS_FILE
from AutoContourLib.contours.contour_files import NAMES_FILE as NAMES_FILE
from AutoContourLib.study.processed_study import CONTOURS as CONTOURS
from AutoContourLib.study.processed_study import TARGET as TARGET
from AutoContourLib.study.second_contours import DECISION_FILE as DECISION_FILE
from AutoContourLib.study.second_contours import DECISIONS as DECISIONS
from AutoContourLib.study.second_contours import REGISTRATIONS as REGISTRATIONS
from AutoContourLib.study.second_contours import SECOND as SECOND
from MedImageLib.errors import InputError, MedImageError
from MedImageLib.reading import read_image
from MedImageLib.results import Result, read_result
from MedImageLib.volume import Volume

SCENE_FILE = "scene.mrb"
DISPLACEMENT_FILE, FUSED_FILE = "displacement.nrrd", "fused.nrrd"
DEGREE_FILE = "deformation_degree.json"
FUSION_FILE = "fusion.json"
PLANNING = "Planning CT"
_LARGEST_BYTES = 4 * 2**30
_PLACE = re.compile(r"\d+-[A-Z]+")


def pair_places(folder: Path) -> tuple[str, ...]:
    """Names of the registered pairs of a study, `1-CT`, `2-MR`, …, in their order."""
    names = [path.name for path in (folder / REGISTRATIONS).glob("*") if path.is_dir()]
    return tuple(sorted(filter(_PLACE.fullmatch, names), key=lambda n: int(n.partition("-")[0])))


def planning_image(folder: Path) -> Volume:
    """The first image of a study. Raises InputError when its scene is not there."""
    return replace(_from_scene(folder / SCENE_FILE, PLANNING), modality="CT")


def moving_image(folder: Path, place: str) -> Volume:
    """The second image of a pair on its own grid. Raises InputError when it is not there."""
    number = _scene_number(read_result(folder), read_result(folder / REGISTRATIONS / place))
    mode = place.partition("-")[2]
    found = _from_scene(folder / SCENE_FILE, f"Image {number} ")
    return replace(found, modality=mode)


def structure_names(folder: Path) -> dict[int, str]:
    """Name of each value of a folder's label map. Raises InputError naming the file."""
    path = folder / NAMES_FILE
    try:
        return {int(value): str(name) for value, name in json.loads(path.read_text()).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{path.name}: no names of contours can be read ({error}).") from error


def lies_on_second(target: Path) -> bool:
    """Whether a target contour lies on the second image, as was chosen when it was made."""
    try:
        return read_result(target).settings.get("on") == "second"
    except MedImageError:
        return False


def _scene_number(study: Result, registration: Result) -> int:
    """Which of the study's further images a registration moved; told by content, not by order."""
    further = [one for one in study.inputs if one.role != "planning"]
    moving = next((one for one in registration.inputs if one.role == "moving"), None)
    for number, one in enumerate(further, start=1):
        if moving is not None and one.sha256 == moving.sha256:
            return number
    raise InputError("The study's result does not name the image that was registered.")


def _from_scene(scene: Path, start: str) -> Volume:
    """The volume of a scene whose file begins with `start`, segmentations left out."""
    try:
        with zipfile.ZipFile(scene) as bundle:
            for entry in bundle.infolist():
                name = PurePosixPath(entry.filename).name
                if name.startswith(start) and name.endswith(".nrrd") and ".seg." not in name:
                    if entry.file_size > _LARGEST_BYTES:
                        raise InputError(f"{scene.name}: {start.strip()} is too large to be shown.")
                    return _read(bundle, entry)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{scene.name}: the scene of the study cannot be read ({error}); process the study "
            "with its scene to see it here."
        ) from error
    raise InputError(f"{scene.name}: holds no volume {start.strip()}.")


def _read(bundle: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Volume:
    with tempfile.TemporaryDirectory(prefix="medimage-view-") as folder:
        path = Path(folder) / "volume.nrrd"
        with bundle.open(entry) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 2**20)
        volume = read_image(path)
    if not isinstance(volume, Volume):
        raise InputError(f"{entry.filename}: not one volume.")
    return volume
