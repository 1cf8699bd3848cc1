"""Scenes as .mrb bundles that the application opens, and back into a headless application.

A bundle is a ZIP archive that anybody may have made: its names and sizes are looked at before it
is unpacked.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from MedImageLib.errors import InputError, MedImageError
from MedImageLib.headless.application import HeadlessApplication
from MedImageLib.writing.atomic import finished_file

MAX_UNPACKED_BYTES = 64 * 2**30
MAX_FILES = 100_000


def save_scene(
    application: HeadlessApplication, path: Path | str, *, thumbnail: np.ndarray | None = None
) -> Path:
    """Write the scene as a bundle with all its data, by rename of a finished file.

    path: ends in `.mrb`. thumbnail: RGB picture (height, width, 3), uint8, shown by file browsers.
    Raises InputError for another suffix, MedImageError when a node cannot be written.
    """
    import slicer

    path = Path(path)
    if path.suffix.lower() != ".mrb":
        raise InputError(f"A scene is written as .mrb, not {path.suffix or 'without a suffix'}.")
    messages = slicer.vtkMRMLMessageCollection()
    # The bundle names its inner folder after its file, so that it is first written under its
    # own name elsewhere.
    with tempfile.TemporaryDirectory(prefix="medimage-mrb-") as folder:
        written = Path(folder) / path.name
        image = None if thumbnail is None else _vtk_picture(thumbnail)
        done = application.scene.WriteToMRB(str(written), image, messages)
        if not done or not written.is_file():
            raise MedImageError(
                f"The scene {path} could not be written: {messages.GetAllMessagesAsString()}"
            )
        with finished_file(path) as temporary:
            shutil.move(written, temporary)
    return path


def load_scene(path: Path | str) -> HeadlessApplication:
    """A headless application with the scene of a .mrb bundle or .mrml file; close it when done.

    Raises InputError for a file that is absent, damaged, too large or that would write outside
    of its folder when unpacked.
    """
    import slicer

    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no scene file {path}.")
    if path.suffix.lower() not in (".mrb", ".mrml"):
        raise InputError(f"{path} is no scene: expected a file ending in .mrb or .mrml.")
    if path.suffix.lower() == ".mrb":
        _check_bundle(path)
    application = HeadlessApplication()
    try:
        messages = slicer.vtkMRMLMessageCollection()
        if path.suffix.lower() == ".mrb":
            done = application.scene.ReadFromMRB(str(path.resolve()), False, messages)
        else:
            application.scene.SetURL(str(path.resolve()))
            done = application.scene.Import(messages)
        if not done:
            raise InputError(
                f"The scene {path} could not be read: {messages.GetAllMessagesAsString()}"
            )
    except BaseException:
        application.close()
        raise
    return application


def _check_bundle(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as bundle:
            entries = bundle.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path} is no scene bundle (ZIP archive): {error}.") from error
    for entry in entries:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
        if name.is_absolute() or ".." in name.parts or ":" in name.parts[0] or is_link:
            raise InputError(f"{path} holds an entry that points outside of it; it is not opened.")
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_FILES or total > MAX_UNPACKED_BYTES:
        raise InputError(
            f"{path} would unpack to {len(entries)} files and {total} bytes; at most {MAX_FILES} "
            f"files and {MAX_UNPACKED_BYTES} bytes are accepted."
        )
    if not any(entry.filename.lower().endswith(".mrml") for entry in entries):
        raise InputError(f"{path} holds no .mrml file; it is no scene bundle.")


def _vtk_picture(picture: np.ndarray) -> Any:
    from MedImageLib.nodes.matrices import vtk_image_of

    return vtk_image_of(np.ascontiguousarray(picture[::-1])[np.newaxis])
