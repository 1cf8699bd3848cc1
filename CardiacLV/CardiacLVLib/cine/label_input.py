"""Edited label maps of a cine from a file, on the cine's own grid."""

from __future__ import annotations

from pathlib import Path

from CardiacLVLib.analysis import checked_labels
from MedImageLib.errors import InputError
from MedImageLib.reading import read_any
from MedImageLib.volume import Volume, VolumeSequence


def load_labels(path: str | Path, cine: VolumeSequence) -> tuple[Volume, ...]:
    """The label maps of a 4-D NIfTI, NRRD or MetaImage file, one for each frame of the cine.

    Raises InputError with the path: unreadable, another grid or number of frames, other values
    than 0, 1, 2.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a label map as labels.nii.gz is.")
    image = read_any(path)
    frames = image.frames if isinstance(image, VolumeSequence) else (image,)
    try:
        return checked_labels(cine, frames)
    except InputError as error:
        raise type(error)(f"{path}: {error}") from error
