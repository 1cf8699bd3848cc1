"""Contours of a result's folder as masks again: what lies on top of a structure belongs to it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from AutoContourLib.contours.contour_files import LABELS_FILE, NAMES_FILE
from AutoContourLib.contours.contouring import Contours
from AutoContourLib.contours.review import read_review
from AutoContourLib.contours.structure_set import Approval
from MedImageLib.errors import GeometryError, InputError
from MedImageLib.reading import read_image
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume

# Structures whose voxels the label map gives to the smaller ones inside of them.
_WITHIN = {"bone": ("mandible",), "spinal_canal": ("spinal_cord",)}


def read_contours(folder: Path, scan: Volume) -> Contours:
    """The contours of a folder on the image that they were made on.

    Raises InputError when the folder holds none, GeometryError when they belong to another image.
    """
    try:
        names = json.loads((folder / NAMES_FILE).read_text("utf-8"))
        keys = {int(value): structure(name).key for value, name in names.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"{folder / NAMES_FILE}: no contours can be read ({error}); name the folder of a "
            "result of `medimage contour` or of a processed study."
        ) from error
    labels = read_image(folder / LABELS_FILE)
    if not labels.geometry.same_grid(scan.geometry, 0.01):
        raise GeometryError(
            f"{folder / LABELS_FILE}: its grid {labels.geometry.shape} is not that of the image "
            f"{scan.geometry.shape}; give the image that was contoured."
        )
    origins = {one.structure: one.origin for one in read_review(folder)}
    masks = {key: whole_mask(labels.array, key, keys) for key in keys.values()}
    masks = {key: mask for key, mask in masks.items() if mask.any()}
    return Contours(scan, masks, origins={key: origins.get(key, "") for key in masks})


def whole_mask(labels: np.ndarray, key: str, keys: dict[int, str]) -> np.ndarray:
    """Bool mask of a structure with what lies on top of it; keys: structure of each value."""
    if key == "body":
        return labels > 0
    wanted = {key, *_WITHIN.get(key, ())}
    return np.isin(labels, [value for value, name in keys.items() if name in wanted])


def approval_of(folder: Path) -> tuple[Approval, tuple[str, ...]]:
    """Approval of a folder's contours, and the structures that a person approved.

    Rejected structures do not stand against it; any that waits for its review does.
    """
    marks = read_review(folder)
    approved = [one for one in marks if one.state == "approved"]
    waiting = [one for one in marks if one.state in ("automatic", "edited")]
    if waiting or not approved:
        return Approval(), tuple(one.structure for one in approved)
    last = max(approved, key=lambda one: one.when_utc)
    date, _, time = last.when_utc.replace("-", "").replace(":", "").partition("T")
    reviewers = ", ".join(dict.fromkeys(one.reviewer for one in approved))
    found = Approval("APPROVED", reviewers, date, time[:6])
    return found, tuple(one.structure for one in approved)
