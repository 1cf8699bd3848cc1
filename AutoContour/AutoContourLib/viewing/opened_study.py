"""One processed study as it is shown: images and contours on the grid of the first image.

Everything is read when it is first asked for and kept; the first picture needs the first image
alone. What another program writes meanwhile is noticed by the files' times.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from AutoContourLib.registration.offset import RigidOffset
from AutoContourLib.viewing import result_files as files
from AutoContourLib.viewing.carried_drawing import CarriedGrid
from AutoContourLib.viewing.slices import GrayLevels, gray_levels, slice_grid, slice_levels
from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.resampling import geometry_of, resampled
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume

IMAGES = ("first", "second", "fused", "unregistered", "rigid")
SETS = ("first", "second", "target")
_KEPT = 16


@dataclass(frozen=True, eq=False)
class ShownContours:
    """labels: on the grid of the first image. keys: structure of each value. folder: of the set.

    own: the labels on the grid of the image that they lie on. on_second: that is the second one.
    """

    labels: Volume
    keys: dict[int, str]
    folder: Path
    own: Volume
    on_second: bool = False


class OpenedStudy:
    """A study's folder with what of it is in memory. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self._kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    @property
    def geometry(self) -> Geometry:
        """Grid on which everything is shown."""
        return self.levels("first").volume.geometry

    @property
    def places(self) -> tuple[str, ...]:
        """Pairs that were registered."""
        return files.pair_places(self.folder)

    def registration(self, place: str) -> Path:
        """Folder of a pair. Raises InputError for a pair that is not there."""
        if place not in self.places:
            raise InputError("This study has no registered pair of that name.")
        return self.folder / files.REGISTRATIONS / place

    def contour_folder(self, name: str, place: str = "") -> Path:
        """Folder of a set of contours. Raises InputError when there is none."""
        if name not in SETS:
            raise InputError(f"There are no {name!r:.20} contours; choose from {', '.join(SETS)}.")
        folder = self.folder / files.CONTOURS
        if name == "second":
            folder = self.folder / files.SECOND / self.registration(place).name
        elif name == "target":
            folder = self.folder / files.TARGET / self.registration(place).name
        if not (folder / files.LABELS_FILE).is_file():
            raise InputError(f"This study has no {name} contours.")
        return folder

    def has_contours(self, name: str, place: str = "") -> bool:
        try:
            self.contour_folder(name, place)
        except InputError:
            return False
        return True

    def levels(self, image: str, place: str = "") -> GrayLevels:
        """Gray levels of the first image, the moved second one, or the fused one."""
        if image == "first":
            path = self.folder / files.SCENE_FILE
            return self._once(path, lambda: gray_levels(files.planning_image(self.folder)))
        names = {"second": "moved.nrrd", "fused": files.FUSED_FILE}
        if image not in names:
            raise InputError(f"There is no image {image!r:.20}.")
        path = self.registration(place) / names[image]

        def read() -> GrayLevels:
            volume = read_image(path)
            if not volume.geometry.same_grid(self.geometry):
                volume = resampled(volume, self.geometry)
            modality = place.partition("-")[2] if image == "second" else ""
            return gray_levels(volume.with_array(volume.array, modality=modality))

        return self._once(path, read)

    def moving(self, place: str) -> GrayLevels:
        """The second image of a pair on its own grid."""
        folder = self.registration(place)
        path = self.folder / files.SCENE_FILE
        return self._once(
            path, lambda: gray_levels(files.moving_image(self.folder, folder.name)), place
        )

    def rigid_slice(self, place: str, offset: RigidOffset | None, axis: str, index: int) -> bytes:
        """A slice of the second image under an offset, or as it was recorded (None)."""
        grid = slice_grid(self.geometry, axis, index)
        matrix = np.eye(4) if offset is None else offset.moving_from_fixed
        moving = self.moving(place).volume
        return slice_levels(resampled(moving, grid, matrix, fill=0.0), axis, 0)

    def contours(self, name: str, place: str = "") -> ShownContours:
        """A set of contours on the grid of the first image; second ones follow the field back."""
        folder = self.contour_folder(name, place)

        def read() -> ShownContours:
            labels = read_image(folder / files.LABELS_FILE)
            keys = {v: structure(n).key for v, n in files.structure_names(folder).items()}
            array = labels.array.astype(np.uint8)
            labels = own = labels.with_array(array, is_labelmap=True, unit="")
            on_second = name == "second" or (name == "target" and files.lies_on_second(folder))
            if on_second:
                labels = self._carried_back(labels, place)
            elif not labels.geometry.same_grid(self.geometry, 0.01):
                labels = resampled(labels, self.geometry)
            return ShownContours(labels, keys, folder, own, on_second)

        return self._once(folder / files.LABELS_FILE, read)

    def stamp(self) -> str:
        """Changes when any file does that is shown."""
        watched = [self.folder / files.SCENE_FILE, self.folder / files.CONTOURS / files.LABELS_FILE]
        for place in self.places:
            pair = self.folder / files.REGISTRATIONS / place
            watched += [pair / "moved.nrrd", pair / files.FUSED_FILE]
            for name in (files.SECOND, files.TARGET):
                watched.append(self.folder / name / place / files.LABELS_FILE)
        return "-".join(_time_of(path) for path in watched)

    def carried_grid(self, shown: ShownContours, place: str) -> CarriedGrid | None:
        """How strokes on what is shown reach contours of another grid; None for the same grid."""
        if shown.own is shown.labels:
            return None
        if not shown.on_second:
            return CarriedGrid(self.geometry, shown.own.geometry, np.eye(4))
        from AutoContourLib.contours.carrying import read_carrying_field
        from AutoContourLib.registration.output import OFFSET_FILE, read_offset

        pair = self.registration(place)
        has_field = (pair / files.DISPLACEMENT_FILE).is_file()
        return CarriedGrid(
            self.geometry,
            shown.own.geometry,
            read_offset(pair / OFFSET_FILE).moving_from_fixed,
            read_carrying_field(pair, to_first=True) if has_field else None,
        )

    def _carried_back(self, labels: Volume, place: str) -> Volume:
        """Labels of the second image where the field puts them on the first one."""
        import SimpleITK as sitk

        path = self.registration(place) / files.DISPLACEMENT_FILE
        if not path.is_file():
            from AutoContourLib.registration.output import OFFSET_FILE, read_offset

            offset = read_offset(self.registration(place) / OFFSET_FILE)
            return resampled(labels, self.geometry, offset.moving_from_fixed)
        field = sitk.ReadImage(str(path))
        grid = geometry_of(field)
        moved = resampled(labels, grid, displacement_mm=sitk.GetArrayFromImage(field))
        return moved if grid.same_grid(self.geometry) else resampled(moved, self.geometry)

    def _once(self, path: Path, read: Callable[[], Any], *more: str) -> Any:
        """What `read` gives, kept as long as the file stays the same."""
        key = (path, _time_of(path), *more)
        with self.lock:
            if key not in self._kept:
                for old in [k for k in self._kept if k[0] == path and k[2:] == tuple(more)]:
                    del self._kept[old]
                self._kept[key] = read()
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


def _time_of(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "0"
    return f"{status.st_mtime_ns:x}.{status.st_size:x}"
